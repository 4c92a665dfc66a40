import type { HeaderPatch } from "../core/headers.ts";
import type { Session, SessionAttempt } from "./session.ts";

/** The headers that tell who answered (limits.md L8), on top of the translator's own. */
export function answerHeaders(session: Session, attempt: SessionAttempt, patch: Partial<HeaderPatch>): HeaderPatch {
  const warnings = [...new Set([...(session.plan?.warnings ?? []), ...attempt.warnings])].slice(0, 32);
  const { backend, model } = attempt.planned;
  const told = session.config.settings.responseHeaders
    ? {
        "x-ai-provider": backend.providerName,
        "x-ai-backend": backend.id,
        "x-ai-model": encodeURI(model),
        "x-ai-attempts": String(session.attemptCount ?? session.attempts.length),
      }
    : {};
  const warned: Record<string, string> = warnings.length > 0 ? { "x-ai-gateway-warnings": warnings.join(",") } : {};
  return { set: { ...patch.set, ...told, ...warned }, remove: patch.remove ?? [] };
}

/** `x-ai-gateway-tokens-used` of an answer that was buffered, so that its headers could wait for the count. */
export function tokensUsedHeader(session: Session, attempt: SessionAttempt): Readonly<Record<string, string>> {
  if (!session.config.settings.responseHeaders) return {};
  const { usage } = attempt.meter.current();
  return { "x-ai-gateway-tokens-used": String(usage.total) };
}

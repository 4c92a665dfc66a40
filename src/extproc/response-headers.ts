import type { HeaderPatch } from "../core/headers.ts";
import { priceTags, remainingAtStart } from "./price-tags.ts";
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

/** What an answer used and cost (limits.md L8, L37), where it was buffered so that its headers could wait for the count. */
export function usedHeaders(session: Session, attempt: SessionAttempt): Readonly<Record<string, string>> {
  if (!session.config.settings.responseHeaders) return {};
  const { usage } = attempt.meter.current();
  const { costUsd, remaining } = priceTags(session);
  return {
    "x-ai-gateway-tokens-used": String(usage.total),
    ...(costUsd === undefined ? {} : { "x-ai-gateway-cost-usd": costUsd }),
    ...(remaining === undefined ? {} : { "x-ai-gateway-budget-remaining": remaining }),
  };
}

/** What remains of the tightest budget as a stream begins. */
export function startHeaders(session: Session): Readonly<Record<string, string>> {
  const remaining = remainingAtStart(session);
  if (remaining === undefined || !session.config.settings.responseHeaders) return {};
  return { "x-ai-gateway-budget-remaining": remaining };
}

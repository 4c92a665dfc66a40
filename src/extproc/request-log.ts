import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { AttemptReport, Session } from "./session.ts";

/** How an attempt ended, in one word for logs and metrics. */
function attemptOutcome(report: AttemptReport): string {
  if (report.flags.length > 0) return report.flags.join(",");
  if (report.status === 0) return "no_answer";
  return report.status < 400 ? "ok" : `status_${report.status}`;
}

/** Identity headers that the operator trusts; nothing else a client sends is logged. */
function identity(session: Session): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of session.config.settings.identity.trustedHeaders) {
    const value = session.view.headers.get(name);
    if (value !== undefined) found[name] = value.slice(0, 256);
  }
  return found;
}

/**
 * One line per request: who, which model and provider, every attempt with its outcome, tokens, costs, and why it was refused.
 * Never a body, never a credential.
 */
export function logRequest(session: Session, logger: Logger, metrics: Metrics, nowMs: number): void {
  const { plan, outcome } = session;
  const usage = session.current?.meter.current();
  const attempts = session.reports.map((report) => ({
    backend: report.backendId,
    status: report.status,
    outcome: attemptOutcome(report),
  }));
  for (const [index, attempt] of attempts.entries()) {
    metrics.increment("attempts_total", { backend: attempt.backend, outcome: attempt.outcome });
    const before = attempts[index - 1];
    if (before !== undefined) metrics.increment("fallbacks_total", { reason: before.outcome });
  }
  metrics.increment("requests_total", { route: plan?.rule.routeId ?? "none", outcome: outcome?.kind ?? "unknown" });
  if (outcome?.kind === "aborted") metrics.increment("unconfirmed_tokens_total", {}, session.unconfirmedTokens);
  logger.info(
    {
      session: session.id,
      request_id: session.view.headers.get("x-request-id"),
      route: plan?.rule.routeId,
      api: session.endpoint.api,
      model: plan?.model,
      ...identity(session),
      status: session.status,
      outcome: outcome?.kind,
      ...(outcome !== undefined && "code" in outcome ? { code: outcome.code } : {}),
      ...(outcome?.kind === "limited" ? { limit: outcome.limit } : {}),
      ...(outcome?.kind === "unanswered" ? { details: outcome.details } : {}),
      backend: session.current?.planned.backend.id,
      upstream_model: session.current?.planned.model,
      attempts,
      ...(plan !== undefined && plan.dropped.length > 0 ? { dropped: plan.dropped } : {}),
      ...(outcome?.kind === "completed" || outcome?.kind === "aborted" || outcome?.kind === "failed"
        ? { usage: usage?.usage, usage_estimated: usage?.estimated }
        : {}),
      costs: session.costs,
      duration_ms: nowMs - session.startedMs,
    },
    "request",
  );
}

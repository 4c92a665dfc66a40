import type { ServiceTier } from "../core/usage.ts";
import { evaluateCosts } from "../metering/costs.ts";
import { quoteOf } from "./quote.ts";
import type { Session, SessionAttempt } from "./session.ts";
import type { ExchangeTools } from "./tools.ts";

/** What was said about an attempt's costs: a stream computes them with every chunk, and says it once (limits.md L5). */
const told = new WeakMap<SessionAttempt, Set<string>>();

function isNews(attempt: SessionAttempt, what: string): boolean {
  const known = told.get(attempt) ?? new Set<string>();
  if (known.has(what)) return false;
  told.set(attempt, known.add(what));
  return true;
}

/** Clients may choose names: metrics have those that routes name. */
function namedModel(session: Session, model: string): string {
  return session.config.models.includes(session.plan?.model ?? "") ? model : "other";
}

/** Says once per attempt that the model has no price. */
function tellUnpriced(session: Session, attempt: SessionAttempt, source: string, tools: ExchangeTools): void {
  if (!isNews(attempt, "unpriced")) return;
  const { backend, model } = attempt.planned;
  tools.metrics.increment("cost_unpriced_total", { backend: backend.id, model: namedModel(session, model) });
  tools.logger.warn(
    { backend: backend.id, model, charged: source, session: session.id },
    "the model has no price and is charged at the dearest rates; add it to a PriceBook",
  );
}

/** Says once per attempt that it was served by a dearer tier than the price knows (limits.md L30: never silently too little). */
function tellUnpricedTier(session: Session, attempt: SessionAttempt, tier: ServiceTier, tools: ExchangeTools): void {
  if (!isNews(attempt, "unpriced tier")) return;
  const { backend, model } = attempt.planned;
  tools.metrics.increment("cost_tier_unpriced_total", { backend: backend.id, model: namedModel(session, model), tier });
  tools.logger.warn(
    { backend: backend.id, model, tier, session: session.id },
    "the service tier has no rates and is charged at the ordinary ones; add tiers to the model's price in a PriceBook",
  );
}

/** What the session costs by what its current attempt has used so far. */
export function currentCosts(
  session: Session,
  attempt: SessionAttempt,
  answeredModel: string | undefined,
  tools: ExchangeTools,
): Readonly<Record<string, number>> {
  const { plan } = session;
  if (plan === undefined) return {};
  const { values, capped, failed, unpriced, unpricedTier } = evaluateCosts(plan.costs, {
    model: answeredModel ?? plan.model,
    backend: attempt.planned.backend.id,
    routeName: plan.rule.routeId,
    usage: attempt.meter.current().usage,
    quote: () => quoteOf(session, attempt.planned),
  });
  if (unpriced !== undefined) tellUnpriced(session, attempt, unpriced, tools);
  if (unpricedTier !== undefined) tellUnpricedTier(session, attempt, unpricedTier, tools);
  for (const key of capped) if (isNews(attempt, `capped ${key}`)) tools.metrics.increment("cost_capped_total", { key });
  for (const { key, reason } of failed) {
    if (!isNews(attempt, `failed ${key}`)) continue;
    tools.metrics.increment("cost_failed_total", { key });
    tools.logger.warn(
      { metadata_key: key, reason, session: session.id },
      "a cost could not be computed; total tokens are charged",
    );
  }
  return values;
}

/** Every key at 0: nothing was used (limits.md L7). */
export function zeroedCosts(session: Session): Readonly<Record<string, number>> {
  return Object.fromEntries((session.plan?.costs ?? []).map((rule) => [rule.metadataKey, 0]));
}

export function sameCosts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

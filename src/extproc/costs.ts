import type { Quote } from "../core/prices.ts";
import { evaluateCosts } from "../metering/costs.ts";
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

const quotes = new WeakMap<SessionAttempt, Quote>();

/** What the attempt's model costs, at the time of the request; looked up once per attempt. */
function quoteOf(session: Session, attempt: SessionAttempt): Quote {
  const { backend, model } = attempt.planned;
  const known = quotes.get(attempt);
  if (known !== undefined) return known;
  const query = { provider: backend.providerName, backendId: backend.id, model, atMs: session.startedMs };
  const quote = session.config.prices.quote(query);
  quotes.set(attempt, quote);
  return quote;
}

/** Says once per attempt that the model has no price. Clients may choose names: the metric has those that routes name. */
function tellUnpriced(session: Session, attempt: SessionAttempt, source: string, tools: ExchangeTools): void {
  if (!isNews(attempt, "unpriced")) return;
  const { backend, model } = attempt.planned;
  const isNamed = session.config.models.includes(session.plan?.model ?? "");
  tools.metrics.increment("cost_unpriced_total", { backend: backend.id, model: isNamed ? model : "other" });
  tools.logger.warn(
    { backend: backend.id, model, charged: source, session: session.id },
    "the model has no price and is charged at the dearest rates; add it to a PriceBook",
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
  const { values, capped, failed, unpriced } = evaluateCosts(plan.costs, {
    model: answeredModel ?? plan.model,
    backend: attempt.planned.backend.id,
    routeName: plan.rule.routeId,
    usage: attempt.meter.current().usage,
    quote: () => quoteOf(session, attempt),
  });
  if (unpriced !== undefined) tellUnpriced(session, attempt, unpriced, tools);
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

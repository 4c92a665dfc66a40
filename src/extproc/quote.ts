import type { Quote } from "../core/prices.ts";
import type { PlannedAttempt } from "../core/request-plan.ts";
import type { Session } from "./session.ts";

const quotes = new WeakMap<PlannedAttempt, Quote>();

/** What the model of an attempt costs, at the time of its request; looked up once per attempt. */
export function quoteOf({ config, startedMs }: Pick<Session, "config" | "startedMs">, planned: PlannedAttempt): Quote {
  const known = quotes.get(planned);
  if (known !== undefined) return known;
  const { backend, model } = planned;
  const query = { provider: backend.providerName, backendId: backend.id, model, atMs: startedMs };
  const quote = config.prices.quote(query);
  quotes.set(planned, quote);
  return quote;
}

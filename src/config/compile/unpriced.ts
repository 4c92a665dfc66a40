import type { Price, PriceBook } from "../../core/prices.ts";
import type { Backend, BackendRef, RouteRule } from "../../core/runtime-config.ts";
import { upstreamModel } from "../../core/upstream-model.ts";

/** A model that is sent to a backend and has no price there. */
export interface Unpriced {
  readonly backend: Backend;
  /** As it is named upstream. */
  readonly model: string;
  /** What stands for its price. */
  readonly price: Price;
  /** Which of the rule's backends. */
  readonly place: number;
}

/** The last moment there is: a price that has ended by then is none for the future, one that begins later is one. */
const endOfTimeMs = 8_640_000_000_000_000;

function sentModel(ref: BackendRef, backend: Backend, requested: string | undefined): string | undefined {
  return requested === undefined
    ? (ref.modelNameOverride ?? backend.modelNameOverride)
    : upstreamModel(backend, ref, requested);
}

/** What a rule sends without a price, as far as it is known before a request comes. `undefined` among the requested stands for any model. */
export function findUnpriced(
  rule: RouteRule,
  requested: readonly (string | undefined)[],
  backends: ReadonlyMap<string, Backend>,
  prices: PriceBook,
): readonly Unpriced[] {
  return rule.backends.flatMap((ref, place) => {
    const backend = backends.get(ref.backendId);
    if (backend === undefined || ref.weight === 0) return [];
    return [...new Set(requested.map((model) => sentModel(ref, backend, model)))].flatMap((model) => {
      if (model === undefined) return [];
      const query = { provider: backend.providerName, backendId: backend.id, model, atMs: endOfTimeMs };
      const { price, known } = prices.quote(query);
      return known ? [] : [{ backend, model, price, place }];
    });
  });
}

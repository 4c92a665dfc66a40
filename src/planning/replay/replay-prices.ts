import type { BudgetUnit } from "../../core/budget.ts";
import type { Quote } from "../../core/prices.ts";
import type { AttemptRecord, RequestRecord } from "../../core/request-record.ts";
import type { CostContext, CostRule, RuntimeConfig } from "../../core/runtime-config.ts";
import { upstreamModel } from "../../core/upstream-model.ts";
import type { TokenUsage } from "../../core/usage.ts";
import { amountOf, mostOf } from "../../metering/amounts.ts";
import type { Selection } from "../select-route.ts";
import { costsOf } from "./replay-policy.ts";

/** Where a request is served in the replay. */
export type Target = Pick<AttemptRecord, "provider" | "backend" | "model">;

/** Where models are served that the policy has no backend for. */
export interface KnownTargets {
  /** Where the log's requests for a model went. */
  readonly seen: ReadonlyMap<string, Target>;
  /** Providers whose prices are looked through for a model that was never served, as `Backend.providerName` has them. */
  readonly providers: readonly string[];
}

export function seenTargets(records: readonly RequestRecord[]): ReadonlyMap<string, Target> {
  const seen = new Map<string, Target>();
  for (const { model, attempts } of records) {
    const served = attempts.find(({ verdict }) => verdict === "billed");
    if (model !== undefined && served !== undefined && !seen.has(model)) seen.set(model, served);
  }
  return seen;
}

/** The backends that serve a model, the preferred one first: the first priority's of most weight. */
function backendsOf(policy: RuntimeConfig, { rule, model }: Selection): readonly Target[] {
  return rule.backends
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
    .flatMap((ref) => {
      const backend = policy.backends.get(ref.backendId);
      if (backend === undefined) return [];
      return [{ provider: backend.providerName, backend: backend.id, model: upstreamModel(backend, ref, model) }];
    });
}

/** At the first provider that has a price of a model of this name. */
function listed(policy: RuntimeConfig, record: RequestRecord, model: string, { providers }: KnownTargets): Target {
  const [first] = record.attempts;
  const own = first === undefined ? [] : [first.provider];
  const backend = first?.backend ?? "";
  const provider = [...own, ...providers].find(
    (one) => policy.prices.find({ provider: one, backendId: undefined, model, atMs: record.startedMs }) !== undefined,
  );
  return { provider: provider ?? "", backend, model };
}

/** A usage, and where it is paid. */
export interface PricedUsage {
  readonly usage: TokenUsage;
  readonly context: Omit<CostContext, "usage">;
  readonly quote: Quote;
  readonly target: Target;
}

/** What a request comes to under the policy. */
export interface ReplayPrices {
  /** Every attempt that used something. */
  readonly used: readonly PricedUsage[];
  /** The places that the request may be sent to: what it can cost at most is what it can cost at the dearest. Never empty. */
  readonly places: readonly Omit<PricedUsage, "usage">[];
  /** The model of a place where it was sent that has no price there. */
  readonly unpriced: string | undefined;
  readonly costs: readonly CostRule[];
}

/**
 * With the model that was used, every attempt at the place where it was made. With another model, the recorded usage at the place
 * that serves that model.
 */
export function priceRequest(
  policy: RuntimeConfig,
  selection: Selection,
  record: RequestRecord,
  known: KnownTargets,
): ReplayPrices {
  const { model } = selection;
  const other = (): Target =>
    backendsOf(policy, selection)[0] ?? known.seen.get(model) ?? listed(policy, record, model, known);
  const place = (target: Target): Omit<PricedUsage, "usage"> => {
    const { provider, backend } = target;
    const query = {
      provider,
      backendId: backend === "" ? undefined : backend,
      model: target.model,
      atMs: record.startedMs,
    };
    const quote = policy.prices.quote(query);
    return { target, quote, context: { model, backend, routeName: selection.rule.routeId, quote: () => quote } };
  };
  const same = record.model === model;
  const moved = same && record.attempts.length > 0 ? undefined : place(other());
  const placed = record.attempts.map((attempt) => ({ usage: attempt.usage, ...(moved ?? place(attempt)) }));
  const sent = moved === undefined ? placed : [moved];
  // the gateway asks for what the dearest backend of the rule may cost, and leaves out those without a price
  const possible = backendsOf(policy, selection)
    .map(place)
    .filter(({ quote }) => quote.known);
  return {
    used: placed.flatMap(({ usage, ...rest }) => (usage === undefined ? [] : [{ usage, ...rest }])),
    places: [...sent, ...possible],
    unpriced: sent.find(({ quote }) => !quote.known)?.target.model,
    costs: costsOf(selection.rules),
  };
}

function larger(one: bigint, other: bigint): bigint {
  if (one > other) return one;
  return other;
}

function sumOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}

/** What the request used, in a budget's unit. A cost rule that the policy does not have is taken from the record. */
export function usedAmount(unit: BudgetUnit, { used, costs }: ReplayPrices, record: RequestRecord): bigint {
  if (unit.kind === "Cost" && !costs.some(({ metadataKey }) => metadataKey === unit.metadataKey))
    return BigInt(Math.max(0, Math.round(record.costs[unit.metadataKey] ?? 0)));
  return sumOf(used.map(({ usage, context }) => amountOf(unit, costs, { ...context, usage })));
}

/** The most that it could have used; undefined = that was not recorded. */
export function mostAmount(
  unit: BudgetUnit,
  { places, costs }: ReplayPrices,
  record: RequestRecord,
): bigint | undefined {
  const { bound } = record;
  if (bound === undefined) return undefined;
  if (unit.kind === "Cost" && !costs.some(({ metadataKey }) => metadataKey === unit.metadataKey)) return undefined;
  const amounts = places.map(({ context }) => mostOf(unit, costs, context, bound));
  return amounts.reduce(larger, 0n);
}

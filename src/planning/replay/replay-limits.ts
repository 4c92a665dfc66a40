import type { RequestRecord } from "../../core/request-record.ts";
import type { LimitRule, RuntimeConfig } from "../../core/runtime-config.ts";
import { windowAt } from "../../lib/windows.ts";
import type { CounterOperation, CounterStore } from "../../ratelimit/counter-store.ts";
import { counterKey } from "../../ratelimit/keys.ts";
import { matchLimits } from "../match-limits.ts";
import type { Selection } from "../select-route.ts";
import { viewOf } from "./replay-policy.ts";
import type { ReplayPrices } from "./replay-prices.ts";
import { wasRefused } from "./replayed.ts";

/** What a limit gets when the request is over. */
export interface LimitCharge {
  readonly rule: LimitRule;
  readonly account: string;
  readonly amount: number;
}

export type LimitDecision =
  | { readonly kind: "refused"; readonly label: string }
  | { readonly kind: "passed"; readonly charges: readonly LimitCharge[] };

/** Headers, apart from the model, that a limit must know to apply. */
export function limitHeaders({ selectors }: LimitRule): readonly string[] {
  return selectors.flatMap((selector) => (selector.kind === "header" ? [selector.name] : []));
}

/** Limits that go by what no record tells: the path, or the client's address. */
export function isUnknowable({ selectors }: LimitRule): boolean {
  return selectors.some(({ kind }) => kind === "path" || kind === "sourceCIDR");
}

/** A cost by its key: of the last attempt that used something, or of the upper bound of a request that was refused. */
function costValue(key: string, { used, places, costs }: ReplayPrices, record: RequestRecord): number {
  const cost = costs.find(({ metadataKey }) => metadataKey === key);
  if (cost === undefined) return Math.max(0, Math.round(record.costs[key] ?? 0));
  const { bound } = record;
  if (wasRefused(record)) {
    const [place] = places;
    if (bound === undefined || place === undefined) return 0;
    const { inputTokens: input, outputTokens: output } = bound;
    return cost.evaluate({ ...place.context, usage: { input, output, total: input + output } }).value;
  }
  const last = used.at(-1);
  return last === undefined ? 0 : cost.evaluate({ ...last.context, usage: last.usage }).value;
}

/** The rate limits of a policy in a replay: looked at when a request comes, charged when it is over (limits.md L12, L13). */
export class ReplayLimits {
  readonly #store: CounterStore;
  #calls = 0;

  constructor(store: CounterStore) {
    this.#store = store;
  }

  async check(
    record: RequestRecord,
    selection: Selection,
    prices: ReplayPrices,
    nowMs: number,
  ): Promise<LimitDecision> {
    const rules = new Map(selection.rules.flatMap(({ limits }) => limits.map((limit) => [limit.id, limit] as const)));
    const { applied } = matchLimits([...rules.values()], { ...viewOf(record), model: selection.model });
    if (applied.length === 0) return { kind: "passed", charges: [] };
    const operations = applied.map(({ rule, account }) => {
      const { requestCost, shadowMode, limit } = rule;
      const add = requestCost.from === "Number" ? requestCost.number : 0;
      return operationOf({ rule, account, amount: add }, nowMs, shadowMode ? undefined : limit);
    });
    const results = await this.#store.apply({ id: this.#newId(), operations });
    const refusing = applied.find((_, index) => results[index]?.overLimit === true);
    if (refusing !== undefined) return { kind: "refused", label: refusing.rule.label };
    const charges = applied.flatMap(({ rule, account }): LimitCharge[] => {
      const { responseCost } = rule;
      if (responseCost === undefined) return [];
      const amount = responseCost.from === "Number" ? responseCost.number : costValue(responseCost.key, prices, record);
      return [{ rule, account, amount }];
    });
    return { kind: "passed", charges };
  }

  async charge(charges: readonly LimitCharge[], nowMs: number): Promise<void> {
    if (charges.length === 0) return;
    const operations = charges.map((charge) => operationOf(charge, nowMs, undefined));
    await this.#store.apply({ id: this.#newId(), operations });
  }

  #newId(): string {
    this.#calls++;
    return `call ${this.#calls}`;
  }
}

function operationOf(
  { rule, account, amount }: LimitCharge,
  nowMs: number,
  refuseAbove: number | undefined,
): CounterOperation {
  const window = windowAt(rule.unit, rule.timeZone, nowMs);
  const key = counterKey(rule.id, account, rule.unit, rule.timeZone, window.startMs);
  return { key, add: amount, refuseAbove, expiresAtMs: window.endMs };
}

/** Sentences about limits that a replay cannot apply, or not to everybody. */
export function limitNotes(
  { limits }: RuntimeConfig,
  recorded: ReadonlySet<string>,
  modelHeader: string,
): readonly string[] {
  const rules = [...limits.values()];
  const unknowable = rules.filter(isUnknowable).map(({ label }) => label);
  const missing = rules.flatMap((rule) =>
    limitHeaders(rule)
      .filter((name) => name !== modelHeader && !recorded.has(name))
      .map((name) => `No request has a recorded ${name}: the limit ${rule.label} goes by it and limits none of them.`),
  );
  return [
    ...(unknowable.length === 0
      ? []
      : [`Path and address of requests are not recorded: not replayed are the limits ${unknowable.join(", ")}.`]),
    ...new Set(missing),
  ];
}

import type { LimitRule, LimitUnit } from "../core/runtime-config.ts";
import { windowAt } from "../lib/windows.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { CounterCall, CounterOperation, CounterResult, CounterStore } from "./counter-store.ts";
import type { ChargeJournal } from "./journal.ts";
import { counterKey } from "./keys.ts";
import type { LocalCounters } from "./local-counters.ts";
import { fixedWindowAt } from "./standard/windows.ts";

/** Counters live this much longer than their window, for clocks that differ. */
const expiryMarginMs = 60_000;

/** One descriptor of a call: what to add, and whether it may be refused. */
export interface LimitItem {
  readonly rule: LimitRule;
  readonly account: string;
  /** 0 only reads. May be negative. */
  readonly add: number;
  /** A charge happens after the fact and is never refused. */
  readonly charge: boolean;
  /**
   * As the standard rate-limit service counts (L17): also when the call is refused, and in windows that are multiples of fixed
   * lengths.
   */
  readonly standard?: boolean;
  /** Takes the place of the rule's own limit (Envoy's `limit` override). */
  readonly override?: { readonly limit: number; readonly unit: LimitUnit } | undefined;
}

export interface LimitVerdict {
  readonly item: LimitItem;
  readonly refused: boolean;
  /** The counter is above the limit, also where that refuses nothing: shadow rules and charges. */
  readonly overLimit: boolean;
  /** The store was away and the rule's failure mode is `deny`: nothing is known of the counter. */
  readonly storeAway: boolean;
  readonly limit: number;
  readonly unit: LimitUnit;
  /** The counter after the call. */
  readonly used: number;
  /** When the window ends, milliseconds since the epoch. */
  readonly resetsAtMs: number;
}

export interface LimiterOptions {
  readonly store: CounterStore;
  readonly journal: ChargeJournal;
  readonly local: LocalCounters;
  readonly nowMs: () => number;
  readonly newId: () => string;
  readonly metrics: Metrics;
}

interface Prepared {
  readonly item: LimitItem;
  readonly operation: CounterOperation;
  readonly limit: number;
  readonly unit: LimitUnit;
  readonly resetsAtMs: number;
}

/** Decides and counts (limits.md L13–L19). Over limit iff the counter after adding is above the limit; adding 0 reads. */
export class Limiter {
  readonly #options: LimiterOptions;

  constructor(options: LimiterOptions) {
    this.#options = options;
  }

  /** All items are decided together: if one is refused, none is added. Never rejects. */
  async apply(items: readonly LimitItem[]): Promise<readonly LimitVerdict[]> {
    if (items.length === 0) return [];
    const { store, journal, local, metrics, newId } = this.#options;
    const now = this.#options.nowMs();
    const prepared = items.map((item) => this.#prepare(item, now));
    const call: CounterCall = { id: newId(), operations: prepared.map(({ operation }) => operation) };
    try {
      const results = await store.apply(call);
      // it answers again, whatever its connection says
      if (journal.size > 0) void this.recover();
      else local.forget();
      for (const [index, { operation }] of prepared.entries()) local.seen(operation, results[index]?.value ?? 0);
      return prepared.map((one, index) => this.#verdict(one, results[index]));
    } catch {
      // StoreUnavailable: each rule says what that means for it
      for (const { item } of prepared) metrics.increment("store_errors_total", { mode: item.rule.failureMode });
      return this.#withoutStore(prepared, call);
    }
  }

  /** Hands what was counted meanwhile to the store; call it when the store is back. */
  async recover(): Promise<void> {
    const { journal, local, store } = this.#options;
    await journal.replay(store, ({ operations }, results) => {
      for (const [index, operation] of operations.entries()) local.seen(operation, results[index]?.value ?? 0);
    });
    if (journal.size === 0) local.forget();
  }

  #prepare(item: LimitItem, now: number): Prepared {
    const { rule, account } = item;
    const unit = item.override?.unit ?? rule.unit;
    const limit = item.override?.limit ?? rule.limit;
    const standard = item.standard === true;
    const window = standard ? fixedWindowAt(unit, now) : windowAt(unit, rule.timeZone, now);
    const operation: CounterOperation = {
      key: counterKey(rule.id, account, unit, rule.timeZone, window.startMs),
      add: item.add,
      refuseAbove: item.charge || rule.shadowMode || standard ? undefined : limit,
      expiresAtMs: window.endMs + expiryMarginMs,
    };
    return { item, operation, limit, unit, resetsAtMs: window.endMs };
  }

  #withoutStore(prepared: readonly Prepared[], call: CounterCall): readonly LimitVerdict[] {
    const { journal, local } = this.#options;
    const denies = ({ item }: Prepared): boolean =>
      item.rule.failureMode === "deny" && !item.charge && !item.rule.shadowMode;
    const denied = prepared.some(denies);
    const unbounded = prepared.map(({ item, operation }) =>
      item.rule.failureMode === "local" ? operation : { ...operation, refuseAbove: undefined },
    );
    const results = denied ? local.read(unbounded) : local.apply({ id: call.id, operations: unbounded });
    const refused = denied || results.some(({ overLimit }) => overLimit);
    if (!refused) journal.add(call);
    return prepared.map((one, index) => ({
      ...this.#verdict(one, results[index]),
      ...(one.item.rule.failureMode === "allow" ? { refused: false } : {}),
      ...(denies(one) ? { refused: true, storeAway: true } : {}),
    }));
  }

  #verdict({ item, limit, unit, resetsAtMs }: Prepared, result: CounterResult | undefined): LimitVerdict {
    const used = result?.value ?? 0;
    const overLimit = result?.overLimit === true || used > limit;
    const refused = item.standard === true ? overLimit && !item.rule.shadowMode : result?.overLimit === true;
    return { item, refused, overLimit, storeAway: false, limit, unit, used, resetsAtMs };
  }
}

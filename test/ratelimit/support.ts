import type { LimitRule } from "../../src/core/runtime-config.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import type { CounterCall, CounterResult, CounterStore } from "../../src/ratelimit/counter-store.ts";
import { StoreUnavailable } from "../../src/ratelimit/counter-store.ts";
import { ChargeJournal } from "../../src/ratelimit/journal.ts";
import { Limiter } from "../../src/ratelimit/limiter.ts";
import { LocalCounters } from "../../src/ratelimit/local-counters.ts";
import { MemoryCounterStore } from "../../src/ratelimit/stores/memory.ts";

/** 2026-03-04T05:06:07.250Z */
export const someTimeMs = Date.UTC(2026, 2, 4, 5, 6, 7, 250);

export function makeRule(changes: Partial<LimitRule> = {}): LimitRule {
  return {
    id: "default/token-budget/abc",
    policyId: "default/token-budget",
    label: "token-budget rule 1",
    selectors: [{ kind: "header", type: "Distinct", name: "x-user-id" }],
    limit: 100,
    unit: "Hour",
    timeZone: "UTC",
    requestCost: { from: "Number", number: 0 },
    responseCost: { from: "Metadata", key: "llm_total_token" },
    shadowMode: false,
    failureMode: "local",
    ...changes,
  };
}

/** A memory store that can be told to be away, or to take a call and not answer. */
export class FlakyStore implements CounterStore {
  readonly memory: MemoryCounterStore;
  mode: "up" | "away" | "takes but does not answer" = "up";
  calls: CounterCall[] = [];

  constructor(nowMs: () => number) {
    this.memory = new MemoryCounterStore(nowMs);
  }

  apply(call: CounterCall): Promise<readonly CounterResult[]> {
    this.calls.push(call);
    if (this.mode === "away") return Promise.reject(new StoreUnavailable("away"));
    const results = this.memory.applyNow(call);
    if (this.mode === "up") return Promise.resolve(results);
    return Promise.reject(new StoreUnavailable("no answer in time"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface LimiterWorld<Store extends CounterStore> {
  readonly limiter: Limiter;
  readonly store: Store;
  readonly journal: ChargeJournal;
  readonly metrics: Metrics;
}

export function makeLimiter<Store extends CounterStore>(
  store: Store,
  { nowMs = () => someTimeMs, journalCalls = 1_000 }: { nowMs?: () => number; journalCalls?: number } = {},
): LimiterWorld<Store> {
  const metrics = new Metrics();
  let ids = 0;
  const journal = new ChargeJournal(journalCalls, () => metrics.increment("journal_dropped_total"));
  const local = new LocalCounters(1_000, nowMs);
  const prefix = Math.random().toString(36).slice(2);
  const limiter = new Limiter({ store, journal, local, nowMs, newId: () => `${prefix}-${++ids}`, metrics });
  return { limiter, store, journal, metrics };
}

/** The value of one of our counters. */
export async function counterValue(metrics: Metrics, name: string): Promise<number> {
  const metric = await metrics.registry.getSingleMetric(`tollgate_${name}`)?.get();
  return metric?.values.reduce((sum, { value }) => sum + Number(value), 0) ?? 0;
}

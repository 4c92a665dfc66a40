import { randomUUID } from "node:crypto";
import type { RemoteBudgetStore } from "../../src/budgets/booking.ts";
import type { BudgetTerms, ReserveCall, ReserveLine } from "../../src/budgets/budget-store.ts";
import { FailureModes, type FailureModesOptions } from "../../src/budgets/failure-modes.ts";
import type { BudgetWindow } from "../../src/core/budget.ts";
import { Metrics } from "../../src/observe/metrics.ts";

export const day: BudgetWindow = { kind: "calendar", every: "Day", timeZone: "UTC" };
export const minute: BudgetWindow = { kind: "calendar", every: "Minute", timeZone: "UTC" };
/** Buckets of a minute. */
export const rollingHour: BudgetWindow = { kind: "rolling", lengthMs: 3_600_000 };

/** A budget that no other test uses. */
export function makeBudget(terms: Partial<BudgetTerms> = {}): BudgetTerms {
  return { id: `ns/${randomUUID()}`, limit: 100n, window: day, enforcement: "Hard", ...terms };
}

export function lineOf(budget: BudgetTerms, amount: bigint, account = "alice"): ReserveLine {
  return { budget, account, amount };
}

export function makeReserve(lines: readonly ReserveLine[], call: Partial<ReserveCall> = {}): ReserveCall {
  return {
    id: randomUUID(),
    sessionId: randomUUID(),
    owner: "gateway-1",
    timeToLiveMs: 10_000,
    priceVersion: "2026-03-01",
    lines,
    ...call,
  };
}

/** A store with failure modes around it; budgets are named by their mode: `Lease/…`, `Allow/…`, all others Deny. */
export function makeFailureModes(store: RemoteBudgetStore, options: Partial<FailureModesOptions> = {}): FailureModes {
  return new FailureModes({
    store,
    modeOf: (id) => (id.startsWith("Lease/") ? "Lease" : id.startsWith("Allow/") ? "Allow" : "Deny"),
    metrics: new Metrics(),
    maxEntries: 1_000,
    percent: 10,
    timeToLiveMs: 600_000,
    idleMs: 60_000,
    maxAccounts: 100,
    owner: "gateway-1",
    nowMs: Date.now,
    newId: randomUUID,
    changed: () => undefined,
    unexpected: (error) => {
      throw error;
    },
    ...options,
  });
}

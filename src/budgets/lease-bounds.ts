import type { BudgetRule } from "../core/budget.ts";
import { toWireAmount, unitName, wireAmountText } from "./amounts.ts";
import { least } from "./decisions.ts";

/**
 * How far a budget with `onStoreFailure: Lease` can be overspent (limits.md L39). See lease.ts for why it is not more.
 */
export interface LeaseBound {
  readonly budgetId: string;
  readonly unit: BudgetRule["unit"];
  /** What a gateway leases of an account, and the most that it can overspend an account by in a window. */
  readonly perAccount: bigint;
}

const partsPerPercent = 1_000;

/** What is leased of an account: `percent` of the limit, rounded up, at least 1 and at most the limit. */
export function leaseSize(limit: bigint, percent: number): bigint {
  const whole = BigInt(100 * partsPerPercent);
  const size = (limit * BigInt(Math.round(percent * partsPerPercent)) + whole - 1n) / whole;
  return least(size < 1n ? 1n : size, limit);
}

/** Of the budgets that lease. A Shadow budget does not: it refuses nothing. */
export function leaseBounds(budgets: Iterable<BudgetRule>, percent: number): readonly LeaseBound[] {
  return [...budgets]
    .filter(({ onStoreFailure, enforcement }) => onStoreFailure === "Lease" && enforcement !== "Shadow")
    .map(({ id, unit, limit }) => ({ budgetId: id, unit, perAccount: leaseSize(limit, percent) }));
}

/** For people, at start-up. */
export function leaseBoundText({ budgetId, unit, perAccount }: LeaseBound): string {
  const amount = wireAmountText(unitName(unit), toWireAmount(unit, perAccount));
  return `budget ${budgetId}: while the store is away each gateway spends at most ${amount} per account, leased in advance; it is overspent by no more than that per gateway, account and window`;
}

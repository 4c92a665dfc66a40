import type { BookCall } from "./booking.ts";
import type { BudgetAmount, ReserveCall } from "./budget-store.ts";

/** Single amounts and limits end here (four billion dollars): sums of them stay exact in every store. */
const maxAmount = 4_000_000_000_000_000_000n;

function checkAmount(what: string, amount: bigint): void {
  if (amount < 0n || amount > maxAmount) throw new RangeError(`${what} must lie between 0 and ${maxAmount}: ${amount}`);
}

/**
 * Mistakes of the caller, told before anything is held.
 * @throws RangeError
 */
export function checkReserveCall({ lines, timeToLiveMs }: ReserveCall): void {
  if (lines.length === 0) throw new RangeError("a reservation needs at least one budget");
  if (!(timeToLiveMs > 0)) throw new RangeError(`the hold's time to live must be above 0 ms: ${timeToLiveMs}`);
  const seen = new Set<string>();
  for (const { budget, amount, leastRemaining } of lines) {
    if (seen.has(budget.id)) throw new RangeError(`budget ${budget.id} stands twice in a reservation`);
    seen.add(budget.id);
    checkAmount(`the limit of budget ${budget.id}`, budget.limit);
    checkAmount(`the amount for budget ${budget.id}`, amount);
    checkAmount(`what must remain of budget ${budget.id}`, leastRemaining ?? 0n);
  }
}

/**
 * As above, for what is booked without a hold.
 * @throws RangeError
 */
export function checkBookCall({ spendings }: BookCall): void {
  if (spendings.length === 0) throw new RangeError("a booking needs at least one budget");
  for (const { budget, amount } of spendings) {
    checkAmount(`the limit of budget ${budget.id}`, budget.limit);
    checkAmount(`the amount for budget ${budget.id}`, amount);
  }
}

/**
 * The amounts as a record.
 * @throws RangeError
 */
export function checkAmounts(amounts: readonly BudgetAmount[]): ReadonlyMap<string, bigint> {
  const byBudget = new Map<string, bigint>();
  for (const { budgetId, amount } of amounts) {
    if (byBudget.has(budgetId)) throw new RangeError(`budget ${budgetId} stands twice among the amounts`);
    checkAmount(`the amount for budget ${budgetId}`, amount);
    byBudget.set(budgetId, amount);
  }
  return byBudget;
}

/** An amount for a budget that the session did not reserve on, or none for one that it did. */
export function wrongBudgets(sessionId: string): RangeError {
  return new RangeError(`the amounts do not name the budgets that session ${sessionId} reserved on, each exactly once`);
}

import type { BudgetAccount, BudgetStore } from "./budget-store.ts";

/** What was spent without a hold: let through while the store was away, or known from a ledger. */
export interface Spending extends BudgetAccount {
  /** In the window of that time it is booked. */
  readonly atMs: number;
  /** Of a Hard budget, what the window has no room for is overrun. */
  readonly amount: bigint;
}

export interface BookCall {
  /** Applies once; remembered as long as the windows that it books in, and a day longer. */
  readonly id: string;
  /** At least one. */
  readonly spendings: readonly Spending[];
}

/** A BudgetStore that is elsewhere: it can be away, and come back without its data (limits.md L39). */
export interface RemoteBudgetStore extends BudgetStore {
  /** Books all of a call at once. `spent + held ≤ limit` of Hard budgets stays true. */
  book(call: BookCall): Promise<void>;
  /** After BudgetDataLost: books into the data that is there now, and goes on with it. What was booked there before is not repeated. */
  rebuild(calls: readonly BookCall[]): Promise<void>;
  /** After BudgetDataLost: goes on with the data that is there now, as it is. */
  acceptLoss(): void;
}

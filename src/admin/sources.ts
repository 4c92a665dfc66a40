import type { BudgetStore } from "../budgets/budget-store.ts";
import type { BudgetRule } from "../core/budget.ts";
import type { PriceBook } from "../core/prices.ts";
import type { Ledger } from "../core/request-record.ts";

/** Where the admin pages get what they show. What is missing here does not exist in this gateway. */
export interface AdminSources {
  /** By id, as configured now. */
  readonly budgets?: (() => ReadonlyMap<string, BudgetRule>) | undefined;
  /** Accounts of a budget that are known, the latest first. */
  readonly accountsOf?: ((budgetId: string) => readonly string[]) | undefined;
  readonly read?: BudgetStore["read"] | undefined;
  readonly ledger?: Pick<Ledger, "find" | "kept"> | undefined;
  /** The prices in force now. */
  readonly prices?: (() => PriceBook) | undefined;
}

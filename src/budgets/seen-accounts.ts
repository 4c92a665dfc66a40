const maxAccountsPerBudget = 1_000;

/** The accounts of each budget that were served lately: bounded, the longest unseen are forgotten first. */
export class SeenAccounts {
  readonly #budgets = new Map<string, Set<string>>();

  add(budgetId: string, account: string): void {
    const accounts = this.#budgets.get(budgetId) ?? new Set();
    this.#budgets.set(budgetId, accounts);
    accounts.delete(account);
    accounts.add(account);
    if (accounts.size <= maxAccountsPerBudget) return;
    const [oldest] = accounts;
    if (oldest !== undefined) accounts.delete(oldest);
  }

  /** The latest first. */
  of(budgetId: string): readonly string[] {
    return [...(this.#budgets.get(budgetId) ?? [])].reverse();
  }
}

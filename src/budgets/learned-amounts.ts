/** So many last amounts of an account are looked at … */
const remembered = 100;
/** … and fewer teach nothing. */
const leastToLearn = 20;
const maxAccounts = 10_000;
/** Of a hundred requests so many cost no more than what is asked for. */
const percentile = 95;

/** What requests of an account came to in the past, for budgets that ask for no more than is likely (limits.md, `estimate: Learned`). */
export class LearnedAmounts {
  readonly #amounts = new Map<string, bigint[]>();

  /** A request was settled at so much. */
  settled(budgetId: string, account: string, amount: bigint): void {
    const key = `${budgetId} ${account}`;
    const amounts = this.#amounts.get(key) ?? [];
    this.#amounts.delete(key);
    this.#amounts.set(key, amounts);
    amounts.push(amount);
    if (amounts.length > remembered) amounts.shift();
    if (this.#amounts.size <= maxAccounts) return;
    for (const oldest of this.#amounts.keys()) {
      this.#amounts.delete(oldest);
      break;
    }
  }

  /** The 95th percentile of the account's last requests; undefined = too few are known. */
  amountOf(budgetId: string, account: string): bigint | undefined {
    const amounts = this.#amounts.get(`${budgetId} ${account}`) ?? [];
    if (amounts.length < leastToLearn) return undefined;
    const sorted = [...amounts].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
    return sorted[Math.ceil((sorted.length * percentile) / 100) - 1];
  }
}

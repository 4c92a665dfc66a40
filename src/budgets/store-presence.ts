import { BudgetDataLost, BudgetStoreUnavailable } from "./budget-store.ts";

export type StoreState = "well" | "away" | "lost";

/** Whether an operation failed because the store is away, or came back without its data. */
export function isAbsence(error: unknown): error is BudgetStoreUnavailable | BudgetDataLost {
  return error instanceof BudgetStoreUnavailable || error instanceof BudgetDataLost;
}

/** Whether the store can be used, by what its operations come to. */
export class StorePresence {
  readonly #changed: (state: StoreState, reason: string) => void;
  #state: StoreState = "well";
  #told: StoreState = "well";
  #reason = "";

  /** `changed` is told what lasts: a single failure is not. */
  constructor(changed: (state: StoreState, reason: string) => void) {
    this.#changed = changed;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Why it cannot be used, without credentials. */
  get reason(): string {
    return this.#reason;
  }

  failed(error: BudgetStoreUnavailable | BudgetDataLost): void {
    this.#state = error instanceof BudgetDataLost ? "lost" : "away";
    this.#reason = error.message;
  }

  found(): void {
    this.#state = "well";
    this.#reason = "";
  }

  /** What it is now lasts. */
  tell(): void {
    if (this.#told === this.#state) return;
    this.#told = this.#state;
    this.#changed(this.#state, this.#reason);
  }
}

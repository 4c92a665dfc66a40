import type { BookCall, RemoteBudgetStore } from "../../src/budgets/booking.ts";
import {
  type AccountQuery,
  BudgetStoreUnavailable,
  type ExpireCall,
  type ExtendCall,
  type MeterCall,
  type ReserveCall,
  type SettleCall,
} from "../../src/budgets/budget-store.ts";

/** `away`: calls do not get there. `once`: the next one does not. `deaf`: they do, and the answer is lost. */
export type Gate = "open" | "away" | "once" | "deaf";

/** A store behind a connection that tests break. */
export class GatedStore implements RemoteBudgetStore {
  gate: Gate = "open";
  /** Settlements wait for it. */
  settlesAfter: Promise<void> | undefined;
  /** How many calls got there. */
  calls = 0;
  readonly #store: RemoteBudgetStore;

  constructor(store: RemoteBudgetStore) {
    this.#store = store;
  }

  reserve(call: ReserveCall) {
    return this.#pass(() => this.#store.reserve(call));
  }

  extend(call: ExtendCall) {
    return this.#pass(() => this.#store.extend(call));
  }

  meter(call: MeterCall) {
    return this.#pass(() => this.#store.meter(call));
  }

  settle(call: SettleCall) {
    return this.#pass(async () => {
      await this.settlesAfter;
      return this.#store.settle(call);
    });
  }

  expire(call: ExpireCall) {
    return this.#pass(() => this.#store.expire(call));
  }

  read(accounts: readonly AccountQuery[]) {
    return this.#pass(() => this.#store.read(accounts));
  }

  book(call: BookCall) {
    return this.#pass(() => this.#store.book(call));
  }

  rebuild(calls: readonly BookCall[]) {
    return this.#pass(() => this.#store.rebuild(calls));
  }

  acceptLoss(): void {
    this.#store.acceptLoss();
  }

  async close(): Promise<void> {}

  async #pass<T>(call: () => Promise<T>): Promise<T> {
    const { gate } = this;
    if (gate === "once") this.gate = "open";
    if (gate === "away" || gate === "once") throw new BudgetStoreUnavailable("the test has closed the gate");
    this.calls++;
    const answer = await call();
    if (this.gate === "deaf") throw new BudgetStoreUnavailable("the test has kept the answer");
    return answer;
  }
}

import type { CounterCall, CounterStore } from "./counter-store.ts";

/**
 * Charges that the store could not take, kept until it is back (limits.md L18, L19). Bounded: the oldest are dropped and counted.
 * Each keeps its call's id, so that a charge which had reached the store after all counts once.
 */
export class ChargeJournal {
  readonly #maxCalls: number;
  readonly #dropped: () => void;
  #calls: CounterCall[] = [];
  #replaying: Promise<void> | undefined;

  constructor(maxCalls: number, dropped: () => void) {
    this.#maxCalls = maxCalls;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#calls.length;
  }

  /** Keeps what a call adds. Whether it was within its limit was decided elsewhere: it counts whatever the bound. */
  add(call: CounterCall): void {
    const operations = call.operations.filter(({ add }) => add !== 0).map((operation) => ({ ...operation, refuseAbove: undefined }));
    if (operations.length === 0) return;
    if (this.#calls.length >= this.#maxCalls) {
      this.#calls.shift();
      this.#dropped();
    }
    this.#calls.push({ id: call.id, operations });
  }

  /** Gives everything to the store, in order; stops at the first failure and keeps the rest. One replay at a time. */
  replay(store: CounterStore): Promise<void> {
    this.#replaying ??= this.#replayAll(store).finally(() => {
      this.#replaying = undefined;
    });
    return this.#replaying;
  }

  async #replayAll(store: CounterStore): Promise<void> {
    for (let call = this.#calls[0]; call !== undefined; call = this.#calls[0]) {
      try {
        await store.apply(call);
      } catch {
        return; // the store went away again; its state change starts the next replay
      }
      if (this.#calls[0] === call) this.#calls.shift();
    }
  }
}

import type { CounterCall, CounterResult, CounterStore } from "./counter-store.ts";

/**
 * Charges that the store could not take, kept until it is back (limits.md L18, L19). Bounded: the oldest are dropped and counted.
 * Each keeps its call's id, so that a charge which had reached the store after all counts once.
 */
export class ChargeJournal {
  readonly #maxCalls: number;
  readonly #dropped: () => void;
  #calls: CounterCall[] = [];
  /** Calls before this index are gone; they are cut off now and then, because shifting a long array is slow. */
  #first = 0;
  #replaying: Promise<void> | undefined;

  constructor(maxCalls: number, dropped: () => void) {
    this.#maxCalls = maxCalls;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#calls.length - this.#first;
  }

  /** Keeps what a call adds. Whether it was within its limit was decided elsewhere: it counts whatever the bound. */
  add(call: CounterCall): void {
    const operations = call.operations
      .filter(({ add }) => add !== 0)
      .map((operation) => ({ ...operation, refuseAbove: undefined }));
    if (operations.length === 0) return;
    if (this.size >= this.#maxCalls) {
      this.#removeFirst();
      this.#dropped();
    }
    this.#calls.push({ id: call.id, operations });
  }

  /**
   * Gives everything to the store, in order; stops at the first failure and keeps the rest. One replay at a time. `applied` is
   * told what the store answered to each call.
   */
  replay(store: CounterStore, applied?: (call: CounterCall, results: readonly CounterResult[]) => void): Promise<void> {
    this.#replaying ??= this.#replayAll(store, applied).finally(() => {
      this.#replaying = undefined;
    });
    return this.#replaying;
  }

  async #replayAll(
    store: CounterStore,
    applied?: (call: CounterCall, results: readonly CounterResult[]) => void,
  ): Promise<void> {
    for (let call = this.#calls[this.#first]; call !== undefined; call = this.#calls[this.#first]) {
      try {
        const results = await store.apply(call);
        applied?.(call, results);
      } catch {
        return; // the store went away again; its state change, or its next answer, starts the next replay
      }
      // it may have been dropped meanwhile, when the journal was full
      if (this.#calls[this.#first] === call) this.#removeFirst();
    }
  }

  #removeFirst(): void {
    this.#first++;
    if (this.#first < 1_024 && this.#first < this.#calls.length) return;
    this.#calls = this.#calls.slice(this.#first);
    this.#first = 0;
  }
}

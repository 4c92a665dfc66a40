import type { LedgerEvents } from "./ledger-events.ts";

/** So many entries wait at most for a disk or a store that is slow. */
const maxPending = 10_000;

/** Appends that are under way: bounded, and their failures told (see Ledger.append). */
export class PendingAppends {
  readonly #events: LedgerEvents;
  readonly #pending = new Set<Promise<void>>();
  #failing = false;

  constructor(events: LedgerEvents) {
    this.#events = events;
  }

  /** Never throws: what `append` throws or rejects with is an entry that is lost. */
  add(append: () => Promise<void>): void {
    if (this.#pending.size >= maxPending) {
      this.#lost(`${maxPending} entries wait to be written already`);
      return;
    }
    const pending = this.#run(append).finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Settles when everything that waits now was kept or lost. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #run(append: () => Promise<void>): Promise<void> {
    try {
      await append();
      this.#failing = false;
    } catch (error) {
      this.#lost((error as Error).message);
    }
  }

  #lost(reason: string): void {
    this.#events.dropped();
    if (this.#failing) return;
    this.#failing = true;
    this.#events.failed(`the ledger cannot be written (${reason}); receipts are lost until it can`);
  }
}

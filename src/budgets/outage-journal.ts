import type { BookCall, RemoteBudgetStore, Spending } from "./booking.ts";
import type { SettleCall } from "./budget-store.ts";

/** What the store has to be told. Each has an id and applies once. */
export type JournalEntry =
  | {
      readonly kind: "settle";
      readonly call: SettleCall;
      /** Booked instead when the store does not know the session: it lost its data. */
      readonly otherwise: readonly Spending[];
    }
  | { readonly kind: "book"; readonly sessionId: string; readonly call: BookCall };

export function sessionOf(entry: JournalEntry): string {
  return entry.kind === "settle" ? entry.call.sessionId : entry.sessionId;
}

/** @throws what the store throws */
export async function applyEntry(store: RemoteBudgetStore, entry: JournalEntry): Promise<void> {
  if (entry.kind === "book") return store.book(entry.call);
  const answer = await store.settle(entry.call);
  const spendings = entry.otherwise.filter(({ amount }) => amount > 0n);
  if (answer.kind === "unknown" && spendings.length > 0)
    await store.book({ id: `${entry.call.sessionId}-book`, spendings });
}

const atOnce = 32;

/**
 * What ended while the store was away, until the store has it (limits.md L32, L39). Bounded: the oldest is dropped and counted. A
 * settlement that is dropped leaves its hold to expire; money that was let through and is dropped is never booked.
 */
export class OutageJournal {
  readonly #maxEntries: number;
  readonly #dropped: (error?: Error) => void;
  readonly #entries = new Set<JournalEntry>();

  /** `dropped` is told why the store does not take an entry, or nothing when there was no room. */
  constructor(maxEntries: number, dropped: (error?: Error) => void) {
    this.#maxEntries = maxEntries;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  *sessions(): Iterable<string> {
    for (const entry of this.#entries) yield sessionOf(entry);
  }

  add(entry: JournalEntry): void {
    const [oldest] = this.#entries.size >= this.#maxEntries ? this.#entries : [];
    if (oldest !== undefined) {
      this.#entries.delete(oldest);
      this.#dropped();
    }
    this.#entries.add(entry);
  }

  /**
   * Gives everything to the store, some at a time, and keeps what it does not take because it is away.
   * @throws what the store throws when it is away, which `isAway` tells from what it will never take
   */
  async replay(store: RemoteBudgetStore, isAway: (error: Error) => boolean): Promise<void> {
    const all = [...this.#entries];
    for (let first = 0; first < all.length; first += atOnce) {
      const some = all.slice(first, first + atOnce);
      const ends = await Promise.allSettled(some.map((entry) => applyEntry(store, entry)));
      let away: Error | undefined;
      for (const [index, end] of ends.entries()) {
        const entry = some[index];
        if (entry === undefined) continue;
        const error = end.status === "rejected" ? (end.reason as Error) : undefined;
        if (error !== undefined && isAway(error)) {
          away = error;
          continue;
        }
        // it may have been dropped meanwhile
        if (this.#entries.delete(entry) && error !== undefined) this.#dropped(error);
      }
      if (away !== undefined) throw away;
    }
  }
}

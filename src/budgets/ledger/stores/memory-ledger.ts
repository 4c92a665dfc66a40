import type { Ledger, LedgerEntry, RequestRecord } from "../../../core/request-record.ts";

const thousands = new Intl.NumberFormat("en-US");

/** The last entries, in this process alone: for a gateway that has no directory and no Redis. */
export class MemoryLedger implements Ledger {
  readonly kept: string;
  readonly #maxEntries: number;
  /** In the order of arrival. */
  readonly #entries = new Set<LedgerEntry>();
  readonly #bySession = new Map<string, RequestRecord>();
  readonly #byRequest = new Map<string, RequestRecord>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
    this.kept = `the last ${thousands.format(maxEntries)} requests, until the gateway ends`;
  }

  append(entry: LedgerEntry): void {
    this.#entries.add(entry);
    if (entry.type === "request") {
      this.#bySession.set(entry.session, entry);
      if (entry.requestId !== undefined) this.#byRequest.set(entry.requestId, entry);
    }
    const [oldest] = this.#entries;
    if (this.#entries.size > this.#maxEntries && oldest !== undefined) this.#forget(oldest);
  }

  async find(id: string): Promise<RequestRecord | undefined> {
    return this.#bySession.get(id) ?? this.#byRequest.get(id);
  }

  async *entries(): AsyncGenerator<LedgerEntry> {
    yield* [...this.#entries];
  }

  async close(): Promise<void> {}

  #forget(entry: LedgerEntry): void {
    this.#entries.delete(entry);
    if (entry.type !== "request") return;
    const { session, requestId } = entry;
    if (this.#bySession.get(session) === entry) this.#bySession.delete(session);
    if (requestId !== undefined && this.#byRequest.get(requestId) === entry) this.#byRequest.delete(requestId);
  }
}

import type { Ledger, LedgerEntry, RequestRecord } from "../../../core/request-record.ts";
import type { LedgerEvents } from "../ledger-events.ts";
import { parseEntry } from "../parse-entry.ts";
import { PendingAppends } from "../pending-appends.ts";
import { LedgerFiles, type LedgerOptions, type LedgerPlace } from "./ledger-files.ts";

export interface FileLedgerOptions extends LedgerOptions {
  /** So many of the newest requests can be found by id; older ones stay in the files until their segment is deleted. */
  readonly maxFound: number;
  readonly events: LedgerEvents;
}

const thousands = new Intl.NumberFormat("en-US");
const mebibyte = 1024 * 1024;

/** Entries in a directory of this process alone: they survive its end, and a crash at any byte. */
export class FileLedger implements Ledger {
  readonly kept: string;
  readonly #files: LedgerFiles;
  readonly #options: FileLedgerOptions;
  readonly #pending: PendingAppends;
  /** In the order of arrival; the oldest are dropped. */
  readonly #bySession = new Map<string, LedgerPlace>();
  readonly #byRequest = new Map<string, LedgerPlace>();

  private constructor(files: LedgerFiles, options: FileLedgerOptions) {
    const { segmentBytes, maxSegments, maxFound, events } = options;
    this.#files = files;
    this.#options = options;
    this.#pending = new PendingAppends(events);
    const size = `${thousands.format(Math.ceil((segmentBytes * maxSegments) / mebibyte))} MiB`;
    this.kept = `the last ${thousands.format(maxFound)} requests, as far as they fit into ${size}`;
  }

  /**
   * Opens what is there and learns where each request is.
   * @throws Error of the file system
   */
  static async open(options: FileLedgerOptions): Promise<FileLedger> {
    const ledger = new FileLedger(await LedgerFiles.open(options), options);
    for await (const { entry, place } of ledger.#read()) ledger.#remember(entry, place);
    return ledger;
  }

  append(entry: LedgerEntry): void {
    this.#pending.add(async () => this.#remember(entry, await this.#files.append({ ...entry })));
  }

  async find(id: string): Promise<RequestRecord | undefined> {
    await this.#settled();
    const place = this.#bySession.get(id) ?? this.#byRequest.get(id);
    const entry = place && parseEntry(await this.#files.readAt(place));
    return entry?.type === "request" ? entry : undefined;
  }

  async *entries(): AsyncGenerator<LedgerEntry> {
    await this.#settled();
    for await (const { entry } of this.#read()) yield entry;
  }

  async close(): Promise<void> {
    await this.#settled();
    await this.#files.close();
  }

  async #settled(): Promise<void> {
    await this.#files.written();
    await this.#pending.settled();
  }

  async *#read(): AsyncGenerator<{ readonly entry: LedgerEntry; readonly place: LedgerPlace }> {
    for await (const { record, place } of this.#files.lines()) {
      const entry = parseEntry(record);
      if (entry === undefined) this.#options.events.skipped();
      else yield { entry, place };
    }
  }

  #remember(entry: LedgerEntry, place: LedgerPlace): void {
    if (entry.type !== "request") return;
    this.#index(this.#bySession, entry.session, place);
    if (entry.requestId !== undefined) this.#index(this.#byRequest, entry.requestId, place);
  }

  #index(places: Map<string, LedgerPlace>, id: string, place: LedgerPlace): void {
    places.delete(id); // the newest stands last
    places.set(id, place);
    const [oldest] = places.keys();
    if (places.size > this.#options.maxFound && oldest !== undefined) places.delete(oldest);
  }
}

import { renameSync, writeSync } from "node:fs";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import { BudgetStoreUnavailable } from "../budget-store.ts";
import { encodeLine, type LedgerRecord } from "../ledger/segment.ts";
import { segmentNumbers, segmentPath, syncDirectory, unfinishedPath } from "./journal-files.ts";
import { type JournalEnd, journalFormat } from "./read-journal.ts";

export interface JournalOptions {
  /** Of this process alone. */
  readonly directory: string;
  readonly sync: "always" | "never";
  /** A segment that grew by this much beyond its snapshot, and by as much as that, is followed by a new one. */
  readonly segmentBytes: number;
  /** Everything that the operations so far have led to, as of this call, however long it takes to read it. */
  readonly snapshot: () => Iterable<LedgerRecord>;
  readonly onTrouble: (message: string) => void;
}

interface Segment {
  readonly number: number;
  readonly handle: FileHandle;
  readonly snapshotBytes: number;
  bytes: number;
}

/** How long after a failure it is tried again. */
const retryMs = 500;
/** What is made of a snapshot in one turn of the event loop: well under a millisecond. */
const sliceBytes = 16_384;
const catchUpRounds = 3;

/**
 * Operations on disk. A segment begins with a snapshot and is the whole truth from the moment that it has its name; then the ones
 * before it are deleted. So disk and start take the size of the state and `segmentBytes`, not of the past.
 *
 * Lines are written with a synchronous call: the operating system takes one in 2 µs, while handing it to another thread and back
 * takes 25 to 60 µs, more than everything else that a budget costs. Snapshots and fdatasync, which take long, are asynchronous.
 */
export class BudgetJournal {
  readonly #options: JournalOptions;
  #segment: Segment | undefined;
  #segmentNumber: number;
  #operation: number;
  /** Why nothing more can be written to the segment. */
  #failure: unknown;
  /** What the snapshot that is being written does not know. */
  #sinceSnapshot: Buffer[] | undefined;
  #rotation: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;
  /** The segment whose name is on the disk. */
  #namedSegment = 0;
  #told = false;
  #closed = false;

  private constructor(options: JournalOptions, end: JournalEnd) {
    this.#options = options;
    this.#segmentNumber = end.segment;
    this.#operation = end.operation;
  }

  /**
   * Goes on behind what was read, in a new segment.
   * @throws Error of the file system
   */
  static async open(options: JournalOptions, end: JournalEnd): Promise<BudgetJournal> {
    const journal = new BudgetJournal(options, end);
    try {
      await journal.#writeSegment();
    } catch (cause) {
      await journal.close();
      throw cause;
    }
    return journal;
  }

  /**
   * Hands an operation to the operating system.
   * @throws BudgetStoreUnavailable it is not there after a restart, unless what failed is `synced`
   */
  append(operation: LedgerRecord): void {
    const line = this.#lineOf(operation);
    this.#write(line);
    this.#sinceSnapshot?.push(line);
  }

  /** Writes an operation that has its effect anyway; when it cannot, the next snapshot will know the effect. */
  note(operation: LedgerRecord): void {
    const line = this.#lineOf(operation);
    this.#sinceSnapshot?.push(line);
    try {
      this.#write(line);
    } catch {
      // told by `onTrouble`
    }
  }

  /**
   * With `sync: "always"`: settles when all that was written before is on the disk. Whoever waits at the same time shares an fdatasync.
   * @throws BudgetStoreUnavailable it may or may not be there after a restart
   */
  async synced(): Promise<void> {
    if (this.#options.sync === "never") return;
    await this.#sync();
    if (this.#failure !== undefined) throw this.#unavailable();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#rotation;
    await this.synced().catch(() => undefined); // told by `onTrouble`
    await this.#syncing;
    await this.#segment?.handle.close();
    this.#segment = undefined;
  }

  #lineOf(operation: LedgerRecord): Buffer {
    this.#operation++;
    return encodeLine({ number: this.#operation, ...operation });
  }

  #write(line: Buffer): void {
    const segment = this.#segment;
    if (segment === undefined || this.#closed || this.#failure !== undefined) throw this.#unavailable();
    try {
      writeWhole(segment.handle.fd, line);
    } catch (cause) {
      // half a line may stay there: nothing is written behind it, and no reader takes it for a whole one
      this.#fail(cause);
      throw this.#unavailable();
    }
    segment.bytes += line.length;
    const grown = segment.bytes - segment.snapshotBytes;
    if (grown >= Math.max(this.#options.segmentBytes, segment.snapshotBytes) && this.#retry === undefined)
      this.#rotate();
  }

  #unavailable(): BudgetStoreUnavailable {
    const { directory } = this.#options;
    if (this.#closed) return new BudgetStoreUnavailable(`the budgets in ${directory} were closed`);
    const why = reasonOf(this.#failure);
    return new BudgetStoreUnavailable(`budgets cannot be written to ${directory} (${why})`, { cause: this.#failure });
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause;
    this.#tell(
      `budgets cannot be written to ${this.#options.directory} (${reasonOf(cause)}): nothing is reserved until they can be`,
    );
    this.#rotateLater();
  }

  #tell(message: string): void {
    this.#told = true;
    this.#options.onTrouble(message);
  }

  #rotateLater(): void {
    if (this.#closed || this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#rotate();
    }, retryMs);
    this.#retry.unref();
  }

  /** Begins a new segment; one at a time. Never rejects: what fails is told and tried again. */
  #rotate(): void {
    if (this.#closed) return;
    this.#rotation ??= this.#writeSegment()
      .then(() => {
        if (this.#told) this.#options.onTrouble(`budgets are written to ${this.#options.directory} again`);
        this.#told = false;
      })
      .catch((cause: unknown) => {
        const { directory } = this.#options;
        if (!this.#told) this.#tell(`the files in ${directory} cannot be renewed (${reasonOf(cause)}) and grow`);
        this.#rotateLater();
      })
      .finally(() => {
        this.#rotation = undefined;
      });
  }

  async #writeSegment(): Promise<void> {
    const { directory } = this.#options;
    const number = this.#segmentNumber + 1;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const handle = await open(unfinishedPath(directory, number), "w", 0o600);
    const before = this.#segment;
    try {
      await this.#fill(number, handle);
    } catch (cause) {
      await this.#giveUp(number, handle);
      throw cause;
    }
    await this.#sync();
    await before?.handle.close(); // no fdatasync has it any more
    if (this.#failure !== undefined) throw this.#unavailable();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const older of await segmentNumbers(directory))
      if (older < number) await unlink(segmentPath(directory, older));
  }

  async #fill(number: number, handle: FileHandle): Promise<void> {
    const { directory } = this.#options;
    const since: Buffer[] = [];
    this.#sinceSnapshot = since;
    let bytes = 0;
    const write = async (slice: Buffer): Promise<void> => {
      await handle.appendFile(slice);
      bytes += slice.length;
    };
    for (const slice of this.#snapshotSlices()) await write(slice);
    const snapshotBytes = bytes;
    // each round has less to catch up with, and the last one is written without letting go
    for (let round = 0; round < catchUpRounds; round++) {
      if (round === 1) await handle.datasync(); // of nearly everything, which takes long
      await write(Buffer.concat(since.splice(0)));
    }
    // from here on in one turn: nothing is written to the old segment that the new one does not have
    const last = Buffer.concat(since);
    writeWhole(handle.fd, last);
    renameSync(unfinishedPath(directory, number), segmentPath(directory, number));
    this.#sinceSnapshot = undefined;
    this.#segment = { number, handle, snapshotBytes, bytes: bytes + last.length };
    this.#segmentNumber = number;
    this.#failure = undefined;
  }

  async #giveUp(number: number, handle: FileHandle): Promise<void> {
    this.#sinceSnapshot = undefined;
    await handle.close();
    await unlink(unfinishedPath(this.#options.directory, number)).catch(() => undefined); // the next one writes over it
  }

  #snapshotSlices(): Generator<Buffer> {
    const first = { kind: "snapshot", format: journalFormat, after: this.#operation };
    return slices([[first], this.#options.snapshot(), [{ kind: "complete" }]]);
  }

  /** Joins the fdatasync that begins after this call. Never rejects. */
  #sync(): Promise<void> {
    if (this.#nextSync !== undefined) return this.#nextSync;
    const next = this.#syncing.then(async () => {
      this.#nextSync = undefined;
      const segment = this.#segment;
      if (segment === undefined) return;
      try {
        await segment.handle.datasync();
        if (segment.number !== this.#namedSegment) await syncDirectory(this.#options.directory);
        this.#namedSegment = segment.number;
      } catch (cause) {
        this.#fail(cause);
      }
    });
    this.#nextSync = next;
    this.#syncing = next;
    return next;
  }
}

function* slices(parts: readonly Iterable<LedgerRecord>[]): Generator<Buffer> {
  let lines: Buffer[] = [];
  let bytes = 0;
  for (const part of parts) {
    for (const record of part) {
      const line = encodeLine(record);
      lines.push(line);
      bytes += line.length;
      if (bytes < sliceBytes) continue;
      yield Buffer.concat(lines);
      lines = [];
      bytes = 0;
    }
  }
  yield Buffer.concat(lines);
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code ?? message;
}

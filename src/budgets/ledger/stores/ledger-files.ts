import { type FileHandle, mkdir, open, readdir, readFile, truncate, unlink } from "node:fs/promises";
import { join } from "node:path";
import { encodePlainLine, type LedgerRecord, readLine, readSegment, segmentLines } from "../segment.ts";

export interface LedgerOptions {
  /** Of this process alone. Made when it is missing. */
  readonly directory: string;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  /** The oldest segments beyond this many are deleted: the ledger takes `segmentBytes × maxSegments` and one batch at most. */
  readonly maxSegments: number;
  /**
   * `always`: `append` settles when its record is on the disk (fdatasync; what waits together is synced together), so it survives a
   * power cut. `never`: when the operating system has it, so it survives the end of this process.
   */
  readonly sync: "always" | "never";
  /**
   * So long records gather before they are written together: a write costs many times what a line does. What still gathers is lost
   * if this process is killed. 0 or undefined = written at once.
   */
  readonly gatherMs?: number | undefined;
}

/** Where a record is, for `readAt`. */
export interface LedgerPlace {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

interface Waiting {
  readonly line: Buffer;
  readonly written: (place: LedgerPlace) => void;
  readonly failed: (cause: unknown) => void;
}

const segmentName = /^ledger-(\d{12})\.jsonl$/;

function nameOf(number: number): string {
  return `ledger-${String(number).padStart(12, "0")}.jsonl`;
}

async function segmentNumbers(directory: string): Promise<number[]> {
  const numbers = (await readdir(directory)).flatMap((name) => segmentName.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** The ledger of attempts and settlements: append-only segments of checked JSON lines. */
export class LedgerFiles {
  readonly #options: LedgerOptions;
  readonly #segments: number[];
  #handle: FileHandle | undefined;
  #handleBytes = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Ends the gathering that is going on. */
  #hurry: () => void = () => undefined;

  private constructor(options: LedgerOptions, segments: number[]) {
    this.#options = options;
    this.#segments = segments;
  }

  /** Opens what an earlier process left, and cuts off what its crash tore. */
  static async open(options: LedgerOptions): Promise<LedgerFiles> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const segments = await segmentNumbers(options.directory);
    const ledger = new LedgerFiles(options, segments);
    const last = segments.at(-1);
    if (last !== undefined) {
      const path = join(options.directory, nameOf(last));
      const bytes = await readFile(path);
      const { intactBytes } = readSegment(bytes);
      if (intactBytes < bytes.length) await truncate(path, intactBytes);
      ledger.#handle = await open(path, "a", 0o600);
      ledger.#handleBytes = intactBytes;
    }
    return ledger;
  }

  /**
   * Settles when the record, which has no bigints, is as safe as `sync` says.
   * @throws Error of the file system; the record may or may not be there after a restart
   */
  append(record: LedgerRecord): Promise<LedgerPlace> {
    return new Promise((written, failed) => {
      this.#waiting.push({ line: encodePlainLine(record), written, failed });
      this.#writing ??= this.#write();
    });
  }

  /** Settles when everything appended so far is written, or could not be. */
  async written(): Promise<void> {
    this.#hurry();
    await this.#writing;
  }

  /** Everything that is kept, oldest first, and how many lines are damaged. */
  async read(): Promise<{ readonly records: readonly LedgerRecord[]; readonly damagedLines: number }> {
    await this.written();
    const records: LedgerRecord[] = [];
    let damagedLines = 0;
    for (const number of this.#segments) {
      const contents = readSegment(await readFile(join(this.#options.directory, nameOf(number))));
      for (const record of contents.records) records.push(record);
      damagedLines += contents.damagedLines;
    }
    return { records, damagedLines };
  }

  /** Every line that is kept, oldest first, with its place; `record` undefined = damaged. Segments that are deleted meanwhile are left out. */
  async *lines(): AsyncGenerator<{ readonly record: LedgerRecord | undefined; readonly place: LedgerPlace }> {
    await this.written();
    for (const segment of [...this.#segments]) {
      const bytes = await orMissing(readFile(join(this.#options.directory, nameOf(segment))));
      if (bytes === undefined) continue;
      for (const { record, start, end } of segmentLines(bytes))
        yield { record, place: { segment, offset: start, length: end - start } };
    }
  }

  /** The record at a place that `append` or `lines` told; undefined when it is damaged or its segment was deleted. */
  async readAt({ segment, offset, length }: LedgerPlace): Promise<LedgerRecord | undefined> {
    const handle = await orMissing(open(join(this.#options.directory, nameOf(segment)), "r"));
    if (handle === undefined) return undefined;
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return readLine(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  }

  async close(): Promise<void> {
    await this.written();
    await this.#leaveSegment();
  }

  /** Writes batch after batch until nothing waits. Never rejects: each batch tells its own. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const { segment, offset } = await this.#writeBatch(Buffer.concat(batch.map(({ line }) => line)));
        let at = offset;
        for (const { line, written } of batch) {
          written({ segment, offset: at, length: line.length });
          at += line.length;
        }
      } catch (cause) {
        // half a line may be there: what follows goes to a new segment
        await this.#leaveSegment().catch(() => undefined);
        for (const { failed } of batch) failed(cause);
      }
    }
    this.#writing = undefined;
  }

  async #gather(): Promise<void> {
    const { gatherMs = 0 } = this.#options;
    if (gatherMs === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Where the batch begins. */
  async #writeBatch(bytes: Buffer): Promise<Omit<LedgerPlace, "length">> {
    const handle =
      this.#handle === undefined || this.#handleBytes >= this.#options.segmentBytes
        ? await this.#nextSegment()
        : this.#handle;
    const segment = this.#segments.at(-1) ?? 0;
    const offset = this.#handleBytes;
    await handle.appendFile(bytes);
    this.#handleBytes += bytes.length;
    if (this.#options.sync === "always") await handle.datasync();
    return { segment, offset };
  }

  async #nextSegment(): Promise<FileHandle> {
    const { directory, maxSegments, sync } = this.#options;
    await this.#leaveSegment();
    const number = (this.#segments.at(-1) ?? 0) + 1;
    const handle = await open(join(directory, nameOf(number)), "ax", 0o600);
    this.#handle = handle;
    this.#handleBytes = 0;
    this.#segments.push(number);
    while (this.#segments.length > maxSegments) {
      const oldest = this.#segments.shift();
      if (oldest !== undefined) await unlink(join(directory, nameOf(oldest)));
    }
    if (sync === "always") await syncDirectory(directory);
    return handle;
  }

  async #leaveSegment(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** Undefined instead of the error that there is no such file. */
async function orMissing<T>(opened: Promise<T>): Promise<T | undefined> {
  try {
    return await opened;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
}

/** A new file is only safe when its directory is, too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

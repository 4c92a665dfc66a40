import { mkdir, readFile } from "node:fs/promises";
import { type LedgerRecord, type SegmentLine, segmentLines } from "../ledger/segment.ts";
import { segmentNumbers, segmentPath } from "./journal-files.ts";

/** Of what a segment is made: a snapshot between `snapshot` and `complete`, and then what happened since. */
export const journalFormat = 1;

export interface JournalReader {
  /** A part of the snapshot. */
  entry(record: LedgerRecord): void;
  /** What happened after it, in its order. */
  operation(record: LedgerRecord): Promise<void>;
}

export interface JournalEnd {
  /** The highest number of a segment; 0 = there is none. */
  readonly segment: number;
  /** The highest number of an operation. */
  readonly operation: number;
  /** What is damaged, in words; undefined = nothing but perhaps an end that a crash has torn. */
  readonly damage: string | undefined;
}

/**
 * Reads what an earlier process has left. The newest segment is the whole truth. Those before it are there when the process
 * ended before it had deleted them; they can know the end of the story better when a power cut has torn the newest.
 * @throws Error when another version of the format is found
 */
export async function readJournal(directory: string, reader: JournalReader): Promise<JournalEnd> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const segments = await segmentNumbers(directory);
  let operation = 0;
  let damagedLines = 0;
  let complete = segments.length === 0;
  for (const segment of segments.toReversed()) {
    const newest = segment === segments.at(-1);
    const path = segmentPath(directory, segment);
    const bytes = await readFile(path);
    for (const line of segmentLines(bytes)) {
      const { record } = line;
      if (record === undefined) {
        if (newest && !isTornEnd(line, bytes)) damagedLines++;
      } else if (typeof record["number"] === "number") {
        if (record["number"] <= operation) continue;
        operation = record["number"];
        await reader.operation(record);
      } else if (!newest) {
      } else if (record["kind"] === "snapshot") {
        operation = afterOf(record, path);
      } else if (record["kind"] === "complete") {
        complete = true;
      } else {
        reader.entry(record);
      }
    }
  }
  const damage = complete
    ? damagedLines > 0
      ? `damaged lines: ${damagedLines}`
      : undefined
    : "its beginning is cut off";
  return { segment: segments.at(-1) ?? 0, operation, damage };
}

function isTornEnd({ end }: SegmentLine, bytes: Buffer): boolean {
  return end === bytes.length && bytes.at(-1) !== 10;
}

/** The last operation that the snapshot knows. */
function afterOf({ format, after }: LedgerRecord, path: string): number {
  if (format !== journalFormat || typeof after !== "number") {
    throw new Error(
      `${path} has format ${String(format)}, this Tollgate reads ${journalFormat}: start the version that wrote it, ` +
        "or move the folder away and begin with unused budgets",
    );
  }
  return after;
}

import { crc32 } from "../../lib/crc32.ts";

/** What the ledger keeps: plain data. A bigint is written as its decimal text. */
export type LedgerRecord = Readonly<Record<string, unknown>>;

/** A segment as far as it can be read. */
export interface SegmentContents {
  readonly records: readonly LedgerRecord[];
  /** End of the last intact line: what is behind it was torn by a crash. */
  readonly intactBytes: number;
  /** Lines that are not what was written, the torn end included. */
  readonly damagedLines: number;
}

const newline = 10;
const checksumDigits = 8;

/** A record as a line: the CRC-32 of the JSON text in eight hex digits, a space, the JSON text, a newline. */
export function encodeLine(record: LedgerRecord): Buffer {
  const json = Buffer.from(
    JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  );
  const checksum = crc32(json).toString(16).padStart(checksumDigits, "0");
  return Buffer.concat([Buffer.from(`${checksum} `), json, Buffer.from("\n")]);
}

/** The one place that parses ledger lines; undefined = damaged. */
function decodeLine(line: Buffer): LedgerRecord | undefined {
  const json = line.subarray(checksumDigits + 1);
  const checksum = crc32(json).toString(16).padStart(checksumDigits, "0");
  if (line.subarray(0, checksumDigits + 1).toString("latin1") !== `${checksum} `) return undefined;
  try {
    return JSON.parse(json.toString("utf8")) as LedgerRecord;
  } catch {
    return undefined; // an empty line that happens to have a good checksum
  }
}

/** Reads a segment that a crash may have cut at any byte. A damaged line is counted and skipped; it never hides the ones after it. */
export function readSegment(bytes: Buffer): SegmentContents {
  const records: LedgerRecord[] = [];
  let intactBytes = 0;
  let damagedLines = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start);
    const record = end < 0 ? undefined : decodeLine(bytes.subarray(start, end));
    start = end < 0 ? bytes.length : end + 1;
    if (record === undefined) {
      damagedLines++;
    } else {
      records.push(record);
      intactBytes = start;
    }
  }
  return { records, intactBytes, damagedLines };
}

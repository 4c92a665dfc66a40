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
const openingBrace = 0x7b;
const checksumDigits = 8;

function lineOf(json: string): Buffer {
  const line = Buffer.from(`${" ".repeat(checksumDigits + 1)}${json}\n`);
  const checksum = crc32(line.subarray(checksumDigits + 1, -1))
    .toString(16)
    .padStart(checksumDigits, "0");
  line.write(checksum, "latin1");
  return line;
}

/** A record as a line: the CRC-32 of the JSON text in eight hex digits, a space, the JSON text, a newline. */
export function encodeLine(record: LedgerRecord): Buffer {
  return lineOf(JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
}

/** The same for a record without bigints, in half the time: nothing looks for them. @throws TypeError when there is one */
export function encodePlainLine(record: LedgerRecord): Buffer {
  return lineOf(JSON.stringify(record));
}

/** The one place that parses ledger lines; undefined = damaged. */
function decodeLine(line: Buffer): LedgerRecord | undefined {
  const json = line.subarray(checksumDigits + 1);
  const checksum = crc32(json).toString(16).padStart(checksumDigits, "0");
  if (line.subarray(0, checksumDigits + 1).toString("latin1") !== `${checksum} `) return undefined;
  return parseObject(json);
}

function parseObject(json: Buffer): LedgerRecord | undefined {
  try {
    return JSON.parse(json.toString("utf8")) as LedgerRecord;
  } catch {
    return undefined; // also an empty line that happens to have a good checksum
  }
}

/** A line of a segment and where it is; `record` undefined = damaged. */
export interface SegmentLine {
  readonly record: LedgerRecord | undefined;
  readonly start: number;
  /** Behind its newline. */
  readonly end: number;
}

/** The lines of a segment that a crash may have cut at any byte. A damaged one never hides those after it. */
export function* segmentLines(bytes: Buffer): Generator<SegmentLine> {
  for (let start = 0; start < bytes.length; ) {
    const newlineAt = bytes.indexOf(newline, start);
    const end = newlineAt < 0 ? bytes.length : newlineAt + 1;
    yield { record: newlineAt < 0 ? undefined : decodeLine(bytes.subarray(start, newlineAt)), start, end };
    start = end;
  }
}

/** Reads a whole segment; damaged lines are counted and skipped. */
export function readSegment(bytes: Buffer): SegmentContents {
  const records: LedgerRecord[] = [];
  let intactBytes = 0;
  let damagedLines = 0;
  for (const { record, end } of segmentLines(bytes)) {
    if (record === undefined) {
      damagedLines++;
    } else {
      records.push(record);
      intactBytes = end;
    }
  }
  return { records, intactBytes, damagedLines };
}

/** One line of `encodeLine`, its newline included; undefined = damaged. */
export function readLine(bytes: Buffer): LedgerRecord | undefined {
  const [first] = segmentLines(bytes);
  return first?.record;
}

/** A log that somebody gives us: lines of a segment, or plain JSON lines. Damaged ones are counted and skipped, empty ones are none. */
export function readLog(bytes: Buffer): Pick<SegmentContents, "records" | "damagedLines"> {
  const records: LedgerRecord[] = [];
  let damagedLines = 0;
  for (let start = 0; start < bytes.length; ) {
    const newlineAt = bytes.indexOf(newline, start);
    const end = newlineAt < 0 ? bytes.length : newlineAt;
    const line = bytes.subarray(start, end);
    start = end + 1;
    if (line.toString("latin1").trim() === "") continue;
    const record = line[0] === openingBrace ? parseObject(line) : decodeLine(line);
    if (record === undefined) damagedLines++;
    else records.push(record);
  }
  return { records, damagedLines };
}

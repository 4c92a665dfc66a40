import { type JsonRange, stringPart } from "../../lib/json-scanner.ts";
import { lastSafeCut } from "./safe-cut.ts";
import { windowEnd } from "./string-window.ts";
import type { Steps } from "./turns.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** So much of a string is unescaped at a time. */
const windowBytes = 4_096;
const workPerWindow = 100;
/** Text without a safe cut that is longer than this counts as bytes up to the next one. */
const longestPart = 2 * windowBytes;
/** Longer pieces count as bytes: the time to encode one grows with the square of its length. */
const longestPiece = 128;
const workPerPiece = 8;
const squareShare = 16;

/** After so much work a step ends: about a quarter of a millisecond, and one of the longest pieces at most beyond it. */
export const workPerStep = 1_000;

/** JavaScript takes these two for no space and a space, Unicode the other way round: their pieces may not be the provider's. */
const doubtful = /[\u0085\ufeff]/;

export interface TextCount {
  /** Tokens that the vocabulary counted. */
  counted: number;
  /** Bytes of the text that it counted. */
  countedBytes: number;
  /** Bytes of the text that it did not count. */
  bytes: number;
  /** Since the last step ended. */
  work: number;
}

/**
 * Adds the text between two positions inside a JSON string to a count. Text is cut only where that changes nothing, so
 * `counted` is exact for what it covers. When there is no time left, the rest counts by its bytes as JSON, which are no fewer
 * than those of the text; then it returns false.
 */
export function* countText(
  raw: Uint8Array,
  range: JsonRange,
  vocabulary: Vocabulary,
  count: TextCount,
): Steps<boolean> {
  let at = range.start;
  /** Text since the last safe cut, which may go on in the next window. */
  let carry = "";
  /** The text before it counts as bytes, so it does too. */
  let skips = false;
  let inTime = true;
  while (inTime && at < range.end) {
    const end = windowEnd(raw, at, range.end, windowBytes);
    const text = carry + stringPart(raw, { start: at, end });
    at = end;
    count.work += workPerWindow;
    const cut = end === range.end ? text.length : lastSafeCut(text, carry.length);
    const part = text.slice(0, cut);
    carry = text.slice(cut);
    if (skips || doubtful.test(part)) count.bytes += Buffer.byteLength(part);
    else inTime = yield* countPart(part, vocabulary, count);
    skips &&= cut === 0;
    if (carry.length > longestPart) {
      count.bytes += Buffer.byteLength(carry.slice(0, -1));
      carry = carry.slice(-1);
      skips = true;
    }
    if (inTime && count.work >= workPerStep) {
      count.work = 0;
      inTime = yield;
    }
  }
  count.bytes += Buffer.byteLength(carry) + range.end - at;
  return inTime;
}

/** Counts text that begins and ends at safe cuts. False: there was no time left, and some of it counts as bytes. */
function* countPart(part: string, vocabulary: Vocabulary, count: TextCount): Steps<boolean> {
  for (const match of part.matchAll(vocabulary.pieces)) {
    const piece = match[0];
    if (piece.length > longestPiece) {
      count.bytes += Buffer.byteLength(piece);
      count.work += workPerPiece;
      continue;
    }
    count.counted += vocabulary.countPiece(piece);
    count.countedBytes += Buffer.byteLength(piece);
    count.work += workPerPiece + (piece.length * piece.length) / squareShare;
    if (count.work < workPerStep) continue;
    count.work = 0;
    if (!(yield)) {
      count.bytes += Buffer.byteLength(part.slice(match.index + piece.length));
      return false;
    }
  }
  return true;
}

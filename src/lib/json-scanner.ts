import { isUtf8 } from "node:buffer";
import { GatewayError } from "./errors.ts";

/**
 * A scanner over JSON bytes that finds where values lie without building them (translation.md §3.5). What it finds is
 * copied or replaced as bytes, so that `1.0`, 20-digit integers, escapes and member order survive.
 *
 * `scanDocument` and `scanObject` check the whole text once (RFC 8259, UTF-8, depth); the other functions take ranges of
 * a text that was checked.
 */

/** Half-open byte range of a value. */
export interface JsonRange {
  readonly start: number;
  readonly end: number;
}

export interface JsonMember extends JsonRange {
  /** The member's name after unescaping. */
  readonly key: string;
  /** Where the name's opening quote is. */
  readonly keyStart: number;
}

export const maxJsonDepth = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;

/** What may follow a backslash, but for `u`. */
const simpleEscapes = new Set([...'"\\/bfnrt'].map((character) => character.charCodeAt(0)));

/** Strings that go on after this many plain bytes are read four bytes at a time. */
const longString = 128;

function invalid(position: number, what: string): GatewayError {
  return new GatewayError("invalid_json", `not valid JSON: ${what} at byte ${position}`);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let position = at;
  while (position < bytes.length && isSpace(bytes[position])) position++;
  return position;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && ((byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)));
}

/** Position of the first quote, backslash or control character at or after `at`, or the end of the bytes. */
function skipPlain(bytes: Uint8Array, at: number): number {
  const length = bytes.length;
  const slowEnd = Math.min(length, at + longString);
  let position = at;
  for (; position < slowEnd; position++) {
    const byte = bytes[position] as number;
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) return position;
  }
  if (position < length) position = skipPlainWords(bytes, position);
  for (; position < length; position++) {
    const byte = bytes[position] as number;
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) return position;
  }
  return length;
}

/**
 * A position not after the next quote, backslash or control character, found four bytes at a time: for each of the three
 * a byte of the word underflows when it is that (or less than a space), which sets its top bit.
 */
function skipPlainWords(bytes: Uint8Array, at: number): number {
  const misaligned = (bytes.byteOffset + at) & 3;
  const start = misaligned === 0 ? at : at + 4 - misaligned;
  for (let position = at; position < start; position++) {
    const byte = bytes[position];
    if (byte === undefined || byte === QUOTE || byte === BACKSLASH || byte < 0x20) return position;
  }
  if (start >= bytes.length) return start;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (bytes.length - start) >> 2);
  const count = words.length;
  let index = 0;
  for (; index < count; index++) {
    const word = words[index] as number;
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    const found =
      ((word - 0x20202020) & ~word) | ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes);
    if ((found & 0x80808080) !== 0) break;
  }
  return start + index * 4;
}

/** Position after the string whose opening quote is at `at`. */
function skipString(bytes: Uint8Array, at: number): number {
  let position = at + 1;
  for (;;) {
    position = skipPlain(bytes, position);
    if (position >= bytes.length) throw invalid(at, "a string without end");
    const byte = bytes[position];
    if (byte === QUOTE) return position + 1;
    if (byte !== BACKSLASH) throw invalid(position, "a control character in a string");
    const escaped = bytes[position + 1];
    if (escaped === 0x75) {
      for (let digit = 2; digit < 6; digit++) {
        if (!isHex(bytes[position + digit])) throw invalid(position, "a broken \\u escape");
      }
      position += 6;
    } else if (escaped !== undefined && simpleEscapes.has(escaped)) {
      position += 2;
    } else {
      throw invalid(position, "an unknown escape");
    }
  }
}

function skipDigits(bytes: Uint8Array, at: number): number {
  let position = at;
  while (position < bytes.length && isDigit(bytes[position])) position++;
  if (position === at) throw invalid(at, "a broken number");
  return position;
}

function skipNumber(bytes: Uint8Array, at: number): number {
  let position = bytes[at] === MINUS ? at + 1 : at;
  position = bytes[position] === 0x30 ? position + 1 : skipDigits(bytes, position);
  if (bytes[position] === 0x2e) position = skipDigits(bytes, position + 1);
  if (bytes[position] === 0x65 || bytes[position] === 0x45) {
    const sign = bytes[position + 1];
    position = skipDigits(bytes, sign === 0x2b || sign === MINUS ? position + 2 : position + 1);
  }
  return position;
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  for (let index = 0; index < word.length; index++) {
    if (bytes[at + index] !== word.charCodeAt(index)) throw invalid(at, "an unexpected character");
  }
  return at + word.length;
}

/** Position after the scalar or string at `at`; containers are handled by the caller. */
function skipScalar(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw invalid(at, "the text ends too early");
  if (byte === QUOTE) return skipString(bytes, at);
  if (byte === MINUS || isDigit(byte)) return skipNumber(bytes, at);
  if (byte === 0x74) return skipWord(bytes, at, "true");
  if (byte === 0x66) return skipWord(bytes, at, "false");
  if (byte === 0x6e) return skipWord(bytes, at, "null");
  throw invalid(at, "an unexpected character");
}

/** Position after the member name at `at`. */
function skipName(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) throw invalid(at, "a member name was expected");
  return skipString(bytes, at);
}

/** Position of the value of the member whose name ends at `at`. */
function skipColon(bytes: Uint8Array, at: number): number {
  const colon = skipSpace(bytes, at);
  if (bytes[colon] !== COLON) throw invalid(colon, "a colon was expected");
  return skipSpace(bytes, colon + 1);
}

/** Position after the value at `at`, which is `depth` levels deep. Iterative: a megabyte of brackets costs no stack. */
function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  const first = bytes[at];
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipScalar(bytes, at);
  const closers: number[] = [];
  let position = at;
  for (;;) {
    const byte = bytes[position];
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth + closers.length >= maxJsonDepth) throw invalid(position, `nesting deeper than ${maxJsonDepth} levels`);
      const closer = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      const inside = skipSpace(bytes, position + 1);
      if (bytes[inside] !== closer) {
        closers.push(closer);
        position = closer === CLOSE_BRACE ? skipColon(bytes, skipName(bytes, inside)) : inside;
        continue;
      }
      position = inside + 1;
    } else {
      position = skipScalar(bytes, position);
    }
    // a value is complete: close what it completes, or go on to the next element
    for (;;) {
      const closer = closers.at(-1);
      if (closer === undefined) return position;
      position = skipSpace(bytes, position);
      if (bytes[position] === closer) {
        closers.pop();
        position++;
        continue;
      }
      position = skipComma(bytes, position, closer);
      if (closer === CLOSE_BRACE) position = skipColon(bytes, skipName(bytes, position));
      break;
    }
  }
}

function skipComma(bytes: Uint8Array, at: number, closer: number): number {
  if (bytes[at] !== COMMA) throw invalid(at, `\`,\` or \`${String.fromCharCode(closer)}\` was expected`);
  return skipSpace(bytes, at + 1);
}

/** What follows the document's value, and how its bytes are encoded. */
function checkRest(bytes: Uint8Array, end: number): void {
  const rest = skipSpace(bytes, end);
  if (rest !== bytes.length) throw invalid(rest, "text after the value");
  if (!isUtf8(bytes)) throw new GatewayError("invalid_json", "not valid JSON: the text is not UTF-8");
}

/**
 * Checks a whole JSON text and returns the range of its value.
 * @throws GatewayError `invalid_json` (also for invalid UTF-8 and nesting above `maxJsonDepth`)
 */
export function scanDocument(bytes: Uint8Array): JsonRange {
  const start = skipSpace(bytes, 0);
  const end = skipValue(bytes, start, 0);
  checkRest(bytes, end);
  return { start, end };
}

/**
 * Checks a whole JSON text and returns the members of the object that it is, in one pass; undefined when it is another value.
 * @throws GatewayError `invalid_json` as `scanDocument`
 */
export function scanObject(bytes: Uint8Array): JsonMember[] | undefined {
  const start = skipSpace(bytes, 0);
  if (bytes[start] !== OPEN_BRACE) {
    scanDocument(bytes);
    return undefined;
  }
  const members: JsonMember[] = [];
  checkRest(bytes, readMembers(bytes, start, members));
  return members;
}

/** Collects the members of the object at `at`; returns the position after it. */
function readMembers(bytes: Uint8Array, at: number, members: JsonMember[]): number {
  let position = skipSpace(bytes, at + 1);
  if (bytes[position] === CLOSE_BRACE) return position + 1;
  for (;;) {
    const keyStart = position;
    const keyEnd = skipName(bytes, keyStart);
    const start = skipColon(bytes, keyEnd);
    const end = skipValue(bytes, start, 1);
    members.push({ key: stringValue(bytes, { start: keyStart, end: keyEnd }), keyStart, start, end });
    position = skipSpace(bytes, end);
    if (bytes[position] === CLOSE_BRACE) return position + 1;
    position = skipComma(bytes, position, CLOSE_BRACE);
  }
}

/** The members of the object in `range`, in order, duplicates included; undefined when the value is not an object. */
export function objectMembers(bytes: Uint8Array, range: JsonRange): JsonMember[] | undefined {
  if (bytes[range.start] !== OPEN_BRACE) return undefined;
  const members: JsonMember[] = [];
  readMembers(bytes, range.start, members);
  return members;
}

/** The elements of the array in `range`; undefined when the value is not an array. */
export function arrayElements(bytes: Uint8Array, range: JsonRange): JsonRange[] | undefined {
  if (bytes[range.start] !== OPEN_BRACKET) return undefined;
  const elements: JsonRange[] = [];
  let position = skipSpace(bytes, range.start + 1);
  if (bytes[position] === CLOSE_BRACKET) return elements;
  for (;;) {
    const end = skipValue(bytes, position, 1);
    elements.push({ start: position, end });
    position = skipSpace(bytes, end);
    if (bytes[position] === CLOSE_BRACKET) return elements;
    position = skipComma(bytes, position, CLOSE_BRACKET);
  }
}

/** The last member of that name (the one that JSON parsers read), or undefined. */
export function lastMember(members: readonly JsonMember[], key: string): JsonMember | undefined {
  return members.findLast((member) => member.key === key);
}

/** Range of the value at a path of member names and element numbers; undefined when it is not there. */
export function findValue(
  bytes: Uint8Array,
  root: JsonRange,
  path: readonly (string | number)[],
): JsonRange | undefined {
  let range: JsonRange | undefined = root;
  for (const step of path) {
    if (range === undefined) return undefined;
    if (typeof step === "number") {
      range = arrayElements(bytes, range)?.[step];
    } else {
      const members = objectMembers(bytes, range);
      range = members && lastMember(members, step);
    }
  }
  return range;
}

/** The raw text of a value, byte for byte. */
export function rawText(bytes: Uint8Array, range: JsonRange): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + range.start, range.end - range.start).toString("utf8");
}

/** The string in `range`, unescaped. */
export function stringValue(bytes: Uint8Array, range: JsonRange): string {
  return stringPart(bytes, { start: range.start + 1, end: range.end - 1 });
}

/** What stands between two positions inside a string, unescaped. Neither may be inside an escape or a character. */
export function stringPart(bytes: Uint8Array, range: JsonRange): string {
  const text = rawText(bytes, range);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

/** Whether the text is one complete JSON object (for tool arguments that arrived as a string). */
export function isJsonObject(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  try {
    return bytes[scanDocument(bytes).start] === OPEN_BRACE;
  } catch {
    return false; // the question is whether it is valid; an error is the answer no
  }
}

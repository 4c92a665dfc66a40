import { GatewayError } from "./errors.ts";

/**
 * A scanner over JSON bytes that finds where values lie without building them (translation.md §3.5). What it finds is
 * copied or replaced as bytes, so that `1.0`, 20-digit integers, escapes and member order survive.
 *
 * `scanDocument` checks the whole text once (RFC 8259, UTF-8, depth); the other functions take ranges that it has checked.
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

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function invalid(position: number, what: string): GatewayError {
  return new GatewayError("invalid_json", `the request body is not valid JSON: ${what} at byte ${position}`);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let position = at;
  while (isSpace(bytes[position])) position++;
  return position;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && ((byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)));
}

/** Position after the string whose opening quote is at `at`. */
function skipString(bytes: Uint8Array, at: number): number {
  let position = at + 1;
  for (;;) {
    const byte = bytes[position];
    if (byte === undefined) throw invalid(at, "a string without end");
    if (byte === QUOTE) return position + 1;
    if (byte < 0x20) throw invalid(position, "a control character in a string");
    if (byte !== BACKSLASH) {
      position++;
      continue;
    }
    const escaped = bytes[position + 1];
    if (escaped === 0x75) {
      for (let digit = 2; digit < 6; digit++) {
        if (!isHex(bytes[position + digit])) throw invalid(position, "a broken \\u escape");
      }
      position += 6;
    } else if (escaped !== undefined && '"\\/bfnrt'.includes(String.fromCharCode(escaped))) {
      position += 2;
    } else {
      throw invalid(position, "an unknown escape");
    }
  }
}

function skipNumber(bytes: Uint8Array, at: number): number {
  let position = bytes[at] === MINUS ? at + 1 : at;
  if (!isDigit(bytes[position])) throw invalid(at, "a broken number");
  if (bytes[position] === 0x30) position++;
  else while (isDigit(bytes[position])) position++;
  if (bytes[position] === 0x2e) {
    position++;
    if (!isDigit(bytes[position])) throw invalid(at, "a broken number");
    while (isDigit(bytes[position])) position++;
  }
  if (bytes[position] === 0x65 || bytes[position] === 0x45) {
    position++;
    if (bytes[position] === 0x2b || bytes[position] === MINUS) position++;
    if (!isDigit(bytes[position])) throw invalid(at, "a broken number");
    while (isDigit(bytes[position])) position++;
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

/** Position of the value of the member whose name starts at `at`. */
function skipKey(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) throw invalid(at, "a member name was expected");
  const colon = skipSpace(bytes, skipString(bytes, at));
  if (bytes[colon] !== COLON) throw invalid(colon, "a colon was expected");
  return skipSpace(bytes, colon + 1);
}

/** Position after the value at `at`. Iterative: a megabyte of brackets costs no stack. */
function skipValue(bytes: Uint8Array, at: number): number {
  const closers: number[] = [];
  let position = at;
  for (;;) {
    const byte = bytes[position];
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (closers.length >= maxJsonDepth) throw invalid(position, `nesting deeper than ${maxJsonDepth} levels`);
      const closer = byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      const inside = skipSpace(bytes, position + 1);
      if (bytes[inside] !== closer) {
        closers.push(closer);
        position = closer === CLOSE_BRACE ? skipKey(bytes, inside) : inside;
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
      if (bytes[position] !== COMMA) throw invalid(position, closer === CLOSE_BRACE ? "`,` or `}` was expected" : "`,` or `]` was expected");
      position = skipSpace(bytes, position + 1);
      if (closer === CLOSE_BRACE) position = skipKey(bytes, position);
      break;
    }
  }
}

/**
 * Checks a whole JSON text and returns the range of its value.
 * @throws GatewayError `invalid_json` (also for invalid UTF-8 and nesting above `maxJsonDepth`)
 */
export function scanDocument(bytes: Uint8Array): JsonRange {
  const start = skipSpace(bytes, 0);
  const end = skipValue(bytes, start);
  const rest = skipSpace(bytes, end);
  if (rest !== bytes.length) throw invalid(rest, "text after the value");
  try {
    utf8.decode(bytes);
  } catch (cause) {
    throw new GatewayError("invalid_json", "the request body is not valid UTF-8", { cause });
  }
  return { start, end };
}

/** The members of the object in `range`, in order, duplicates included; undefined when the value is not an object. */
export function objectMembers(bytes: Uint8Array, range: JsonRange): JsonMember[] | undefined {
  if (bytes[range.start] !== OPEN_BRACE) return undefined;
  const members: JsonMember[] = [];
  let position = skipSpace(bytes, range.start + 1);
  while (bytes[position] !== CLOSE_BRACE) {
    const keyStart = position;
    const keyEnd = skipString(bytes, keyStart);
    const start = skipKey(bytes, keyStart);
    const end = skipValue(bytes, start);
    members.push({ key: stringValue(bytes, { start: keyStart, end: keyEnd }), keyStart, start, end });
    position = skipSpace(bytes, end);
    if (bytes[position] === COMMA) position = skipSpace(bytes, position + 1);
  }
  return members;
}

/** The elements of the array in `range`; undefined when the value is not an array. */
export function arrayElements(bytes: Uint8Array, range: JsonRange): JsonRange[] | undefined {
  if (bytes[range.start] !== OPEN_BRACKET) return undefined;
  const elements: JsonRange[] = [];
  let position = skipSpace(bytes, range.start + 1);
  while (bytes[position] !== CLOSE_BRACKET) {
    const end = skipValue(bytes, position);
    elements.push({ start: position, end });
    position = skipSpace(bytes, end);
    if (bytes[position] === COMMA) position = skipSpace(bytes, position + 1);
  }
  return elements;
}

/** The last member of that name (the one that JSON parsers read), or undefined. */
export function lastMember(members: readonly JsonMember[], key: string): JsonMember | undefined {
  return members.findLast((member) => member.key === key);
}

/** Range of the value at a path of member names and element numbers; undefined when it is not there. */
export function findValue(bytes: Uint8Array, root: JsonRange, path: readonly (string | number)[]): JsonRange | undefined {
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
  return utf8.decode(bytes.subarray(range.start, range.end));
}

/** The string in `range`, unescaped. */
export function stringValue(bytes: Uint8Array, range: JsonRange): string {
  return JSON.parse(rawText(bytes, range)) as string;
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

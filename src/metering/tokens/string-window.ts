const backslash = 0x5c;
const letterU = 0x75;
/** `\u` and four digits. */
const longestEscape = 6;

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/**
 * Where a window into a JSON string ends that begins at `at`: at most `length` bytes on, and neither inside an escape nor
 * inside a character. `at` is no such place either; `length` is longer than an escape.
 */
export function windowEnd(bytes: Uint8Array, at: number, end: number, length: number): number {
  let position = at + length;
  if (position >= end) return end;
  while (position > at && isContinuation(bytes[position])) position--;
  const last = lastBackslash(bytes, position);
  if (last < at) return position;
  let first = last;
  while (first > at && bytes[first - 1] === backslash) first--;
  // of an even number every second one is escaped
  if ((last - first) % 2 === 1) return position;
  const escapeEnd = last + (bytes[last + 1] === letterU ? longestEscape : 2);
  return escapeEnd > position ? last : position;
}

/** The last backslash that could begin an escape which reaches beyond `position`; −1 when there is none. */
function lastBackslash(bytes: Uint8Array, position: number): number {
  for (let index = position - 1; index > position - longestEscape && index >= 0; index--) {
    if (bytes[index] === backslash) return index;
  }
  return -1;
}

import { utf8Bytes } from "../../lib/bytes.ts";

const unreserved = /[A-Za-z0-9._~-]/;

/** A model name as one segment of a path: everything but unreserved characters as `%XX` (translation.md §1.3, R20). */
export function pathSegment(text: string): string {
  return Array.from(utf8Bytes(text), (byte) => {
    const character = String.fromCharCode(byte);
    return unreserved.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

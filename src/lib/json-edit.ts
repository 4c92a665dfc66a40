import { concatBytes, utf8Bytes } from "./bytes.ts";
import { GatewayError } from "./errors.ts";
import { type JsonMember, type JsonRange, lastMember, objectMembers, scanObject } from "./json-scanner.ts";

/**
 * Edits of a JSON object's bytes in place (translation.md §3.5): only the bytes of the edited value change; order, spacing,
 * escapes and the spelling of numbers survive (R2). Nothing here changes its input.
 */

/** Replaces `bytes[start, end)` by `text`; an empty range inserts. */
export interface JsonEdit extends JsonRange {
  readonly text: string;
}

/** Applies edits that do not overlap, in any order. */
export function applyEdits(raw: Uint8Array, edits: readonly JsonEdit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    pieces.push(raw.subarray(position, edit.start), utf8Bytes(edit.text));
    position = edit.end;
  }
  pieces.push(raw.subarray(position));
  return concatBytes(pieces);
}

/**
 * The edits that set a member of an object: every occurrence gets the new value, and without one it is inserted right after
 * the opening brace at `openBrace` (R3, R4). `valueText` is JSON.
 */
function memberEdits(members: readonly JsonMember[], openBrace: number, key: string, valueText: string): JsonEdit[] {
  const present = members.filter((member) => member.key === key);
  if (present.length > 0) return present.map(({ start, end }) => ({ start, end, text: valueText }));
  const inside = openBrace + 1;
  return [{ start: inside, end: inside, text: `${JSON.stringify(key)}:${valueText}${members.length > 0 ? "," : ""}` }];
}

/**
 * The edits that set several top-level members. Those that are absent are inserted together, in the order given.
 * `members` are the document's, from `scanObject`.
 */
export function topLevelEdits(
  raw: Uint8Array,
  members: readonly JsonMember[],
  values: Readonly<Record<string, string>>,
): JsonEdit[] {
  const openBrace = raw.indexOf(0x7b);
  const edits: JsonEdit[] = [];
  const inserted: string[] = [];
  for (const [key, valueText] of Object.entries(values)) {
    if (lastMember(members, key) === undefined) inserted.push(`${JSON.stringify(key)}:${valueText}`);
    else edits.push(...memberEdits(members, openBrace, key, valueText));
  }
  if (inserted.length > 0) {
    const inside = openBrace + 1;
    edits.push({ start: inside, end: inside, text: inserted.join(",") + (members.length > 0 ? "," : "") });
  }
  return edits;
}

/** Sets one top-level member of the object `raw` to the JSON `valueText`. */
export function setTopLevelMember(
  raw: Uint8Array,
  members: readonly JsonMember[],
  key: string,
  valueText: string,
): Uint8Array {
  return applyEdits(raw, topLevelEdits(raw, members, { [key]: valueText }));
}

/** Replaces the top-level `model` wherever it stands, or inserts it (R2, R3, R4). */
export function replaceModel(raw: Uint8Array, members: readonly JsonMember[], name: string): Uint8Array {
  return setTopLevelMember(raw, members, "model", JSON.stringify(name));
}

/**
 * The text of `stream_options` with `include_usage:true` and its other members kept, for whichever value it has now: an
 * object, `null` or absent (R6).
 * @throws GatewayError `invalid_field` when it is something else
 */
export function streamOptionsWithUsage(raw: Uint8Array, members: readonly JsonMember[]): string {
  const current = lastMember(members, "stream_options");
  if (current === undefined || raw[current.start] === 0x6e) return '{"include_usage":true}';
  const value = raw.subarray(current.start, current.end);
  const inner = objectMembers(raw, current);
  if (inner === undefined) {
    throw new GatewayError("invalid_field", "stream_options: an object was expected", { param: "stream_options" });
  }
  const edited = applyEdits(value, memberEdits(scanObject(value) ?? [], 0, "include_usage", "true"));
  return new TextDecoder().decode(edited);
}

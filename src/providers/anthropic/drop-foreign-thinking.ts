import { applyEdits, type JsonEdit } from "../../lib/json-edit.ts";
import {
  arrayElements,
  type JsonRange,
  lastMember,
  objectMembers,
  scanObject,
  stringValue,
} from "../../lib/json-scanner.ts";
import type { Warnings } from "../common/warnings.ts";

const QUOTE = 0x22;
/** Signatures that start so were not made by an Anthropic model (translation.md §5.5). */
const foreignMark = "tg1.";

/**
 * The request without thinking that other models signed, which Anthropic would refuse (R99); a message of nothing else goes whole.
 * Every other byte stays. Without the mark anywhere in it, the very same bytes.
 */
export function withoutForeignThinking(raw: Uint8Array, warnings: Warnings): Uint8Array {
  if (Buffer.from(raw.buffer, raw.byteOffset, raw.length).indexOf(`"${foreignMark}`) < 0) return raw;
  const messages = lastMember(scanObject(raw) ?? [], "messages");
  const elements = (messages && arrayElements(raw, messages)) ?? [];
  const edits: JsonEdit[] = [];
  const emptied = new Set<JsonRange>();
  for (const message of elements) {
    const content = lastMember(objectMembers(raw, message) ?? [], "content");
    const blocks = (content && arrayElements(raw, content)) ?? [];
    const foreign = new Set(blocks.filter((block) => isForeign(raw, block)));
    if (foreign.size === 0) continue;
    warnings.add("foreign_thinking_dropped");
    if (foreign.size === blocks.length) emptied.add(message);
    else edits.push(...removals(blocks, foreign));
  }
  edits.push(...removals(elements, emptied));
  return edits.length === 0 ? raw : applyEdits(raw, edits);
}

function isForeign(raw: Uint8Array, block: JsonRange): boolean {
  const members = objectMembers(raw, block) ?? [];
  return text(raw, members, "type") === "thinking" && text(raw, members, "signature")?.startsWith(foreignMark) === true;
}

function text(raw: Uint8Array, members: Parameters<typeof lastMember>[0], name: string): string | undefined {
  const value = lastMember(members, name);
  return value !== undefined && raw[value.start] === QUOTE ? stringValue(raw, value) : undefined;
}

/** Cuts elements out of an array together with the comma before them, or behind them where none is left before. */
function removals(elements: readonly JsonRange[], removed: ReadonlySet<JsonRange>): JsonEdit[] {
  const [first, last] = [elements[0], elements.at(-1)];
  if (first === undefined || last === undefined) return [];
  const firstKept = elements.findIndex((element) => !removed.has(element));
  if (firstKept < 0) return [{ start: first.start, end: last.end, text: "" }];
  return elements.flatMap((element, index): JsonEdit[] => {
    if (!removed.has(element)) return [];
    const start = index < firstKept ? element.start : (elements[index - 1] as JsonRange).end;
    const end = index < firstKept ? (elements[index + 1] as JsonRange).start : element.end;
    return [{ start, end, text: "" }];
  });
}

import { createHash } from "node:crypto";
import type { ChatMessage } from "./chat-message.ts";
import type { Warnings } from "./warnings.ts";

const hashLength = 8;

/** The names of a chat conversation's tool ids, see `renameToolIds`. */
export function makeToolIds(
  messages: readonly ChatMessage[],
  warnings: Warnings,
  maxLength?: number,
): ReadonlyMap<string, string> {
  return renameToolIds(messages.flatMap(toolIdsOf), warnings, maxLength);
}

/**
 * What each tool id of the conversation is called at the provider: letters, digits, `_` and `-`, at most `maxLength` of them.
 * Legal ids stay; others are rewritten the same way in call and result and never fall together (R85).
 */
export function renameToolIds(
  ids: readonly string[],
  warnings: Warnings,
  maxLength = Number.POSITIVE_INFINITY,
): ReadonlyMap<string, string> {
  const originals = new Set(ids);
  const illegal = [...originals].filter((id) => !isLegal(id, maxLength));
  const names = new Map([...originals].map((id) => [id, id]));
  if (illegal.length === 0) return names;
  warnings.add("tool_ids_rewritten");
  const taken = new Set([...originals].filter((id) => isLegal(id, maxLength)));
  for (const id of illegal) {
    const name = rewrite(id, maxLength, taken);
    taken.add(name);
    names.set(id, name);
  }
  return names;
}

function toolIdsOf(message: ChatMessage): readonly string[] {
  if (message.role === "assistant") return message.toolCalls.map((call) => call.id);
  return message.role === "tool" ? [message.toolCallId] : [];
}

function isLegal(id: string, maxLength: number): boolean {
  return /^[A-Za-z0-9_-]+$/.test(id) && id.length <= maxLength;
}

function rewrite(id: string, maxLength: number, taken: ReadonlySet<string>): string {
  const legal = id.replace(/[^A-Za-z0-9_-]/g, "_") || "_";
  if (legal.length <= maxLength && !taken.has(legal)) return legal;
  for (let salt = ""; ; salt += " ") {
    const hash = createHash("sha256").update(id).update(salt).digest("hex").slice(0, hashLength);
    const name = `${legal.slice(0, maxLength - hashLength - 1)}-${hash}`;
    if (!taken.has(name)) return name;
  }
}

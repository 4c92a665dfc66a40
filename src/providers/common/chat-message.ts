import { GatewayError } from "../../lib/errors.ts";
import { type CacheMark, cacheMarkMembers, readCacheMark } from "./cache-mark.ts";
import { type ChatPart, type RefusalPart, readParts, type TextPart, unsupportedPart } from "./chat-part.ts";
import {
  optionalArray,
  optionalBoolean,
  optionalOneOf,
  optionalString,
  requiredObject,
  requiredString,
} from "./guards.ts";
import type { JsonView } from "./json-view.ts";
import { readThinkingBlocks, type ThinkingBlock } from "./thinking.ts";
import type { Warnings } from "./warnings.ts";

interface MessagePlace {
  readonly path: string;
  /** Mark of the message itself; belongs on its last block. */
  readonly cache: CacheMark | undefined;
}

export type SystemMessage = MessagePlace & {
  readonly role: "system" | "developer";
  readonly parts: readonly TextPart[];
};
export type UserMessage = MessagePlace & { readonly role: "user"; readonly parts: readonly ChatPart[] };
export type AssistantMessage = MessagePlace & {
  readonly role: "assistant";
  /** What may be sent of `thinking_blocks` (translation.md §5.5). */
  readonly thinking: readonly ThinkingBlock[];
  /** Text, `refusal` member last. */
  readonly parts: readonly (TextPart | RefusalPart)[];
  readonly toolCalls: readonly ChatToolCall[];
};
export type ToolMessage = MessagePlace & {
  readonly role: "tool";
  readonly toolCallId: string;
  /** `content` was a string or absent, not a list of parts. */
  readonly plainText: boolean;
  readonly parts: readonly ChatPart[];
  readonly isError: boolean;
};
export type ChatMessage = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

export interface ChatToolCall {
  readonly id: string;
  readonly name: string;
  /** As the client sent them: JSON text, if all is well (see `toolInput`). */
  readonly arguments: string;
  readonly path: string;
}

const roles = ["system", "developer", "user", "assistant", "tool", "function"] as const;
const messageMembers = {
  system: new Set(["role", "content", ...cacheMarkMembers]),
  developer: new Set(["role", "content", ...cacheMarkMembers]),
  user: new Set(["role", "content", ...cacheMarkMembers]),
  assistant: new Set(["role", "content", "refusal", "tool_calls", "thinking_blocks", ...cacheMarkMembers]),
  tool: new Set(["role", "content", "tool_call_id", "is_error", ...cacheMarkMembers]),
};
const toolCallMembers = new Set(["id", "type", "function", "index"]);
const functionMembers = new Set(["name", "arguments"]);

/**
 * One message of the request.
 * @throws GatewayError `invalid_field`, `legacy_functions_not_supported`, `unsupported_content_part`, `unsupported_tool_type`,
 *   `file_id_not_supported`
 */
export function readMessage(message: JsonView, schema: string, warnings: Warnings): ChatMessage {
  const role = optionalOneOf(message.member("role"), roles) ?? requiredString(message.member("role"));
  if (role === "function" || message.member("function_call").told) throw legacyFunctions(message.path, schema);
  const place: MessagePlace = { path: message.path, cache: readCacheMark(message) };
  warnings.droppedUnless(message, messageMembers[role as keyof typeof messageMembers]);
  const content = message.member("content");
  const parts = readParts(content, schema, warnings);
  switch (role) {
    case "system":
    case "developer":
      return { ...place, role, parts: parts.map((part) => textOnly(part, schema)) };
    case "assistant":
      return {
        ...place,
        role,
        thinking: readThinkingBlocks(message.member("thinking_blocks"), warnings),
        parts: [...parts.map((part) => textOrRefusal(part, schema)), ...readRefusal(message)],
        toolCalls: optionalArray(message.member("tool_calls")).map((call) =>
          readToolCall(requiredObject(call), schema, warnings),
        ),
      };
    case "tool":
      return {
        ...place,
        role,
        toolCallId: requiredString(message.member("tool_call_id")),
        plainText: content.elements === undefined,
        parts,
        isError: optionalBoolean(message.member("is_error")) ?? false,
      };
    default:
      return { ...place, role: "user", parts };
  }
}

/** The refusal of the API's old function calls. */
export function legacyFunctions(path: string, schema: string): GatewayError {
  return new GatewayError(
    "legacy_functions_not_supported",
    `${path}: functions and function_call are not supported by ${schema}; use tools and tool_calls`,
    { param: path },
  );
}

function readRefusal(message: JsonView): readonly RefusalPart[] {
  const refusal = message.member("refusal");
  const text = optionalString(refusal);
  return text === undefined ? [] : [{ type: "refusal", text, path: refusal.path, cache: undefined }];
}

function textOnly(part: ChatPart, schema: string): TextPart {
  if (part.type !== "text") throw unsupportedPart(part.path, `${part.type} parts in system messages`, schema);
  return part;
}

function textOrRefusal(part: ChatPart, schema: string): TextPart | RefusalPart {
  if (part.type !== "text" && part.type !== "refusal") {
    throw unsupportedPart(part.path, `${part.type} parts in assistant messages`, schema);
  }
  return part;
}

function readToolCall(call: JsonView, schema: string, warnings: Warnings): ChatToolCall {
  const type = optionalString(call.member("type")) ?? "function";
  if (type !== "function") {
    throw new GatewayError(
      "unsupported_tool_type",
      `${call.path}: tool calls of type "${type.slice(0, 40)}" are not supported by ${schema}; use function tools`,
      { param: call.path },
    );
  }
  const callee = requiredObject(call.member("function"));
  warnings.droppedUnless(call, toolCallMembers);
  warnings.droppedUnless(callee, functionMembers);
  return {
    id: requiredString(call.member("id")),
    name: requiredString(callee.member("name")),
    arguments: optionalString(callee.member("arguments")) ?? "",
    path: call.path,
  };
}

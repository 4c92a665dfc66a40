import { GatewayError } from "../../lib/errors.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import type { CacheMark } from "../common/cache-mark.ts";
import type {
  AssistantMessage,
  ChatMessage,
  ChatToolCall,
  SystemMessage,
  ToolMessage,
  UserMessage,
} from "../common/chat-message.ts";
import type { ChatPart } from "../common/chat-part.ts";
import { makeToolIds } from "../common/tool-ids.ts";
import { toolInput } from "../common/tool-input.ts";
import type { Warnings } from "../common/warnings.ts";
import { type Block, convertPart, type PartOptions } from "./convert-part.ts";

export interface ConvertOptions extends PartOptions {
  /** System messages after the beginning stay where they are instead of joining `system`. */
  readonly inlineSystem: boolean;
  readonly warnings: Warnings;
}

/**
 * `system` and `messages` of a Messages request (translation.md §6.2). `system` may be empty, `messages` not.
 * @throws GatewayError `no_messages`, `empty_message` and the refusals of parts
 */
export function convertToAnthropicMessages(
  messages: readonly ChatMessage[],
  options: ConvertOptions,
): { readonly system: readonly JsonOut[]; readonly messages: readonly JsonOut[] } {
  const conversation = new Conversation(makeToolIds(messages, options.warnings), options);
  for (const message of messages) conversation.add(message);
  if (conversation.messages.length > 0) return conversation;
  throw new GatewayError(
    "no_messages",
    `messages: ${options.schema} needs at least one message that is not a system message`,
    { param: "messages" },
  );
}

type AnthropicMessage = { readonly role: "user" | "assistant" | "system"; readonly content: Block[] };

class Conversation {
  readonly system: Block[] = [];
  readonly messages: AnthropicMessage[] = [];
  readonly #toolIds: ReadonlyMap<string, string>;
  readonly #options: ConvertOptions;
  /** The last message when it holds tool results only: more of them, and the user's words, belong into it (R67). */
  #results: AnthropicMessage | undefined;

  constructor(toolIds: ReadonlyMap<string, string>, options: ConvertOptions) {
    this.#toolIds = toolIds;
    this.#options = options;
  }

  add(message: ChatMessage): void {
    switch (message.role) {
      case "system":
      case "developer":
        this.#addSystem(message);
        break;
      case "user":
        this.#addUser(message);
        break;
      case "assistant":
        this.#addAssistant(message);
        break;
      case "tool":
        this.#addToolResult(message);
        break;
    }
  }

  #addSystem(message: SystemMessage): void {
    const blocks = this.#markLast(this.#convertParts(message.parts), message.cache);
    if (this.messages.length > 0 && this.#options.inlineSystem) {
      this.#push("system", blocks);
      return;
    }
    if (this.messages.length > 0) this.#options.warnings.add("system_message_hoisted");
    this.system.push(...blocks);
  }

  #addUser(message: UserMessage): void {
    const blocks = this.#markLast(this.#convertParts(message.parts), message.cache);
    if (blocks.length === 0) {
      throw new GatewayError(
        "empty_message",
        `${message.path}: ${this.#options.schema} does not take user messages without content`,
        { param: message.path },
      );
    }
    const results = this.#results;
    if (results === undefined) this.#push("user", blocks);
    else results.content.push(...blocks);
    this.#results = undefined;
  }

  /** Thinking, text, calls: the order in which the API wants them back (R98). Thinking cannot carry a cache mark. */
  #addAssistant(message: AssistantMessage): void {
    const calls = message.toolCalls.map((call) => this.#convertCall(call));
    const said = this.#markLast([...this.#convertParts(message.parts), ...calls], message.cache);
    this.#push("assistant", [...message.thinking, ...said]);
  }

  #addToolResult(message: ToolMessage): void {
    if (this.#results === undefined) {
      this.#results = { role: "user", content: [] };
      this.messages.push(this.#results);
    }
    this.#results.content.push({
      type: "tool_result",
      tool_use_id: this.#toolIds.get(message.toolCallId),
      content: this.#resultContent(message),
      is_error: message.isError ? true : undefined,
      cache_control: message.cache?.raw,
    });
  }

  /** A string stays a string; no content at all is left out. */
  #resultContent(message: ToolMessage): JsonOut {
    const [first] = message.parts;
    if (message.plainText) return first?.type === "text" ? first.text : undefined;
    const blocks = this.#convertParts(message.parts);
    return blocks.length > 0 ? blocks : undefined;
  }

  #convertCall(call: ChatToolCall): Block {
    return {
      type: "tool_use",
      id: this.#toolIds.get(call.id),
      name: call.name,
      input: toolInput(call.arguments, this.#options.warnings),
    };
  }

  #convertParts(parts: readonly ChatPart[]): Block[] {
    const blocks: Block[] = [];
    for (const part of parts) {
      const block = convertPart(part, this.#options);
      if (block !== undefined) blocks.push(block);
      else if (part.cache !== undefined) this.#options.warnings.dropped("cache_control");
    }
    return blocks;
  }

  /** A mark of the message goes on its last block, unless that has one of its own (R91). */
  #markLast(blocks: Block[], cache: CacheMark | undefined): Block[] {
    if (cache === undefined) return blocks;
    const last = blocks.at(-1);
    if (last === undefined) this.#options.warnings.dropped("cache_control");
    return blocks.map((block) =>
      block === last ? { ...block, cache_control: block["cache_control"] ?? cache.raw } : block,
    );
  }

  /** A message without blocks is skipped (R71). */
  #push(role: AnthropicMessage["role"], content: Block[]): void {
    if (content.length === 0) return;
    this.messages.push({ role, content });
    this.#results = undefined;
  }
}

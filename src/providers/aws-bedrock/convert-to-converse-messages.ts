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
import type { ThinkingBlock } from "../common/thinking.ts";
import { makeToolIds } from "../common/tool-ids.ts";
import { toolInput } from "../common/tool-input.ts";
import type { Warnings } from "../common/warnings.ts";
import { cachePoint } from "./cache-point.ts";
import { type Block, convertPart, type PartOptions } from "./convert-part.ts";
import { DocumentNames } from "./document-names.ts";

const maxToolIdLength = 64;

export interface ConvertOptions {
  /** Names the provider schema in messages. */
  readonly schema: string;
  readonly warnings: Warnings;
}

/**
 * `system` and `messages` of a Converse request (translation.md §6.3). `system` may be empty, `messages` not.
 * @throws GatewayError `no_messages`, `empty_message` and the refusals of parts
 */
export function convertToConverseMessages(
  messages: readonly ChatMessage[],
  options: ConvertOptions,
): { readonly system: readonly JsonOut[]; readonly messages: readonly JsonOut[] } {
  const conversation = new Conversation(makeToolIds(messages, options.warnings, maxToolIdLength), options);
  for (const message of messages) conversation.add(message);
  const converted = conversation.messages;
  if (converted.length > 0) return { system: conversation.system, messages: converted };
  throw new GatewayError(
    "no_messages",
    `messages: ${options.schema} needs at least one message that is not a system message`,
    { param: "messages" },
  );
}

/** Messages of one role in a row are one turn: the API wants the roles to alternate (R70). */
interface Turn {
  readonly role: "user" | "assistant";
  /** Tool results, which come before everything else of the turn (R67). */
  readonly results: Block[];
  readonly blocks: Block[];
}

class Conversation {
  readonly system: Block[] = [];
  readonly #turns: Turn[] = [];
  readonly #toolIds: ReadonlyMap<string, string>;
  readonly #warnings: Warnings;
  readonly #parts: PartOptions;

  constructor(toolIds: ReadonlyMap<string, string>, { schema, warnings }: ConvertOptions) {
    this.#toolIds = toolIds;
    this.#warnings = warnings;
    this.#parts = { schema, documentNames: new DocumentNames() };
  }

  get messages(): readonly JsonOut[] {
    return this.#turns.map(({ role, results, blocks }) => ({ role, content: [...results, ...withText(blocks)] }));
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
    if (this.#turns.length > 0) this.#warnings.add("system_message_hoisted");
    this.system.push(...this.#convertParts(message.parts, message.cache));
  }

  #addUser(message: UserMessage): void {
    const blocks = this.#convertParts(message.parts, message.cache);
    if (blocks.length === 0) {
      throw new GatewayError(
        "empty_message",
        `${message.path}: ${this.#parts.schema} does not take user messages without content`,
        { param: message.path },
      );
    }
    this.#turn("user").blocks.push(...blocks);
  }

  /** Thinking, text, calls: the order in which the models want them back (R98). A message without any is skipped (R71). */
  #addAssistant(message: AssistantMessage): void {
    const calls = message.toolCalls.map((call) => this.#convertCall(call));
    const said = this.#convertParts(message.parts, message.cache, calls);
    const blocks = [...message.thinking.map(convertThinking), ...said];
    if (blocks.length > 0) this.#turn("assistant").blocks.push(...blocks);
  }

  /** A result takes no cache points inside, so what was marked in it marks the result. */
  #addToolResult(message: ToolMessage): void {
    const content = message.parts.flatMap((part) => convertPart(part, this.#parts) ?? []);
    const toolResult = {
      toolUseId: this.#toolIds.get(message.toolCallId),
      content: content.length > 0 ? content : [{ text: "" }],
      status: message.isError ? "error" : undefined,
    };
    const mark = message.cache ?? message.parts.findLast((part) => part.cache !== undefined)?.cache;
    this.#turn("user").results.push({ toolResult }, ...cachePoint(mark));
  }

  #convertCall(call: ChatToolCall): Block {
    return {
      toolUse: {
        toolUseId: this.#toolIds.get(call.id),
        name: call.name,
        input: toolInput(call.arguments, this.#warnings),
      },
    };
  }

  /** The blocks of a message, `more` after those of its parts; its own mark goes after its last block (R91). */
  #convertParts(parts: readonly ChatPart[], cache: CacheMark | undefined, more: readonly Block[] = []): Block[] {
    const blocks: Block[] = [];
    let lastIsMarked = false;
    for (const part of parts) {
      const block = convertPart(part, this.#parts);
      if (block !== undefined) {
        blocks.push(block, ...cachePoint(part.cache));
        lastIsMarked = part.cache !== undefined;
      } else if (part.cache !== undefined) this.#warnings.dropped("cache_control");
    }
    blocks.push(...more);
    if (blocks.length === 0 && cache !== undefined) this.#warnings.dropped("cache_control");
    const isMarked = lastIsMarked && more.length === 0;
    return blocks.length === 0 || isMarked ? blocks : [...blocks, ...cachePoint(cache)];
  }

  /** The turn that is open when it is this role's, else a new one. */
  #turn(role: Turn["role"]): Turn {
    const last = this.#turns.at(-1);
    if (last?.role === role) return last;
    const turn: Turn = { role, results: [], blocks: [] };
    this.#turns.push(turn);
    return turn;
  }
}

function convertThinking(block: ThinkingBlock): Block {
  return {
    reasoningContent:
      block.type === "thinking"
        ? { reasoningText: { text: block.thinking, signature: block.signature } }
        : { redactedContent: block.data },
  };
}

/** The API takes documents only with a text beside them. */
function withText(blocks: readonly Block[]): readonly Block[] {
  const needsText = blocks.some((block) => "document" in block) && !blocks.some((block) => "text" in block);
  return needsText ? [...blocks, { text: "." }] : blocks;
}

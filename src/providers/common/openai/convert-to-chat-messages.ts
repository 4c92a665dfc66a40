import type { BackendOptions } from "../../../core/translator.ts";
import { GatewayError } from "../../../lib/errors.ts";
import { type JsonOut, RawJson } from "../../../lib/raw-json.ts";
import { unsupportedPart } from "../chat-part.ts";
import type { MessagesBlock, ToolResultBlock, ToolUseBlock } from "../messages/messages-block.ts";
import type { Message, MessagesRequest } from "../messages/messages-request.ts";
import { renameToolIds } from "../tool-ids.ts";
import type { Warnings } from "../warnings.ts";
import { convertBlock, textPart } from "./convert-block.ts";

export interface ConvertOptions {
  readonly backend: BackendOptions;
  readonly schema: string;
  readonly warnings: Warnings;
}

/** The longest id that chat completions take. */
const maxToolIdLength = 40;

/**
 * The messages of a chat request (translation.md §6.6): the system prompt first, results of calls right after the calls (R108).
 * @throws GatewayError `empty_message` and the refusals of blocks
 */
export function convertToChatMessages(request: MessagesRequest, options: ConvertOptions): readonly JsonOut[] {
  const ids = request.messages.flatMap(({ blocks }) => blocks.flatMap(toolIdOf));
  const conversion = new Conversion(renameToolIds(ids, options.warnings, maxToolIdLength), options);
  conversion.addSystem(request.system);
  for (const message of request.messages) conversion.add(message);
  return conversion.messages;
}

function toolIdOf(block: MessagesBlock): string | readonly [] {
  if (block.type === "tool_use") return block.id;
  return block.type === "tool_result" ? block.toolUseId : [];
}

class Conversion {
  readonly messages: JsonOut[] = [];
  readonly #toolIds: ReadonlyMap<string, string>;
  readonly #options: ConvertOptions;

  constructor(toolIds: ReadonlyMap<string, string>, options: ConvertOptions) {
    this.#toolIds = toolIds;
    this.#options = options;
  }

  add(message: Message): void {
    switch (message.role) {
      case "system":
        this.addSystem(message.blocks);
        break;
      case "user":
        this.#addUser(message);
        break;
      case "assistant":
        this.#addAssistant(message);
        break;
    }
  }

  addSystem(blocks: readonly MessagesBlock[]): void {
    const texts = blocks.map((block) => {
      if (block.type === "text") return block.text;
      throw unsupportedPart(block.path, `${block.type} blocks in system prompts`, this.#options.schema);
    });
    if (texts.length === 0) return;
    this.messages.push({ role: this.#options.backend.systemRole ?? "system", content: texts.join("\n\n") });
  }

  #addUser({ blocks, path }: Message): void {
    const results = blocks.filter((block) => block.type === "tool_result");
    const moved = results.flatMap((result) => this.#addResult(result));
    if (moved.length > 0) {
      this.#options.warnings.add("tool_result_image_moved");
      this.messages.push({ role: "user", content: moved });
    }
    const rest = blocks.filter((block) => block.type !== "tool_result");
    if (rest.length > 0) this.messages.push({ role: "user", content: this.#content(rest) });
    else if (results.length === 0) {
      throw new GatewayError(
        "empty_message",
        `${path}: ${this.#options.schema} does not take user messages without content`,
        { param: path },
      );
    }
  }

  /** One text stays a string. */
  #content(blocks: readonly MessagesBlock[]): JsonOut {
    const [first, ...others] = blocks;
    if (first?.type === "text" && others.length === 0) return first.text;
    return blocks.flatMap((block) => convertBlock(block, this.#options.schema));
  }

  /** The text of a result as a tool message; what else is in it comes back, with an introduction (R107). */
  #addResult({ blocks, toolUseId, isError }: ToolResultBlock): readonly JsonOut[] {
    const id = this.#toolIds.get(toolUseId) ?? toolUseId;
    const parts = blocks.flatMap((block) => convertBlock(block, this.#options.schema));
    const texts = parts.flatMap((part) => textOf(part) ?? []);
    const others = parts.filter((part) => textOf(part) === undefined);
    this.messages.push({
      role: "tool",
      tool_call_id: id,
      content: `${isError ? "Error: " : ""}${texts.join("\n")}`,
    });
    return others.length === 0 ? [] : [textPart(`Content returned by tool call ${id}:`), ...others];
  }

  /** Nothing left: no message. Thinking is another model's business unless the server asks for it. */
  #addAssistant({ blocks }: Message): void {
    const texts: string[] = [];
    const thinking: string[] = [];
    const calls: JsonOut[] = [];
    for (const block of blocks) {
      if (block.type === "text") texts.push(block.text);
      else if (block.type === "thinking") thinking.push(block.thinking);
      else if (block.type === "tool_use") calls.push(this.#convertCall(block));
      else if (block.type !== "redacted_thinking") {
        throw unsupportedPart(block.path, `${block.type} blocks in assistant messages`, this.#options.schema);
      }
    }
    if (texts.length === 0 && calls.length === 0) return;
    const echo = this.#options.backend.reasoningEcho;
    this.messages.push({
      role: "assistant",
      content: texts.length === 0 ? null : texts.join(""),
      ...(echo === undefined || thinking.length === 0 ? {} : { [echo]: thinking.join("") }),
      tool_calls: calls.length === 0 ? undefined : calls,
    });
  }

  #convertCall({ id, name, input }: ToolUseBlock): JsonOut {
    const { text } = input ?? new RawJson("{}");
    return { id: this.#toolIds.get(id), type: "function", function: { name, arguments: text } };
  }
}

function textOf(part: JsonOut): string | undefined {
  const { type, text } = part as { readonly type: string; readonly text?: string };
  return type === "text" ? text : undefined;
}

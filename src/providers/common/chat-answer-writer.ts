import type { TokenUsage } from "../../core/usage.ts";
import { noBytes, utf8Bytes } from "../../lib/bytes.ts";
import { type JsonOut, stringifyRaw } from "../../lib/raw-json.ts";
import { type ChatHead, type ChatWriter, type FinishReason, renderChatUsage } from "./chat-writer.ts";

/** Folds the operations into one `chat.completion`. `take()` gives it after `done()`. */
export class ChatAnswerWriter implements ChatWriter {
  readonly #createdSeconds: number;
  #head: ChatHead = { id: "", model: "" };
  #started = false;
  #content: string | undefined;
  #reasoning: string | undefined;
  #refusal: string | undefined;
  #thinkingBlocks: JsonOut[] = [];
  #tools: { id: string; name: string; arguments: string }[] = [];
  #finish: FinishReason = "stop";
  #usage: JsonOut;
  #done = false;
  #outputBytes = 0;

  constructor(createdSeconds: number) {
    this.#createdSeconds = createdSeconds;
  }

  start(head: ChatHead): void {
    if (this.#started) return;
    this.#started = true;
    this.#head = head;
  }

  text(text: string): void {
    if (text === "") return;
    this.#outputBytes += Buffer.byteLength(text);
    this.#content = (this.#content ?? "") + text;
  }

  reasoning(text: string): void {
    if (text === "") return;
    this.#outputBytes += Buffer.byteLength(text);
    this.#reasoning = (this.#reasoning ?? "") + text;
  }

  thinkingBlock(block: JsonOut): void {
    this.#thinkingBlocks.push(block);
  }

  toolStart(index: number, id: string, name: string): void {
    this.#tools[index] = { id, name, arguments: "" };
  }

  toolArguments(index: number, text: string): void {
    const tool = this.#tools[index];
    if (tool === undefined) return;
    this.#outputBytes += Buffer.byteLength(text);
    tool.arguments += text;
  }

  refusal(text: string): void {
    if (text === "") return;
    this.#outputBytes += Buffer.byteLength(text);
    this.#refusal = (this.#refusal ?? "") + text;
  }

  finish(reason: FinishReason): void {
    this.#finish = reason;
  }

  usage(usage: TokenUsage): void {
    this.#usage = renderChatUsage(usage);
  }

  done(): void {
    this.#done = true;
  }

  keepAlive(): void {
    // a complete answer has no pauses to bridge
  }

  take(): Uint8Array {
    if (!this.#done) return noBytes;
    this.#done = false;
    const message: JsonOut = {
      role: "assistant",
      content: this.#content ?? (this.#tools.length > 0 ? null : ""),
      refusal: this.#refusal ?? null,
      reasoning_content: this.#reasoning,
      thinking_blocks: this.#thinkingBlocks.length > 0 ? this.#thinkingBlocks : undefined,
      tool_calls:
        this.#tools.length > 0
          ? this.#tools.map((tool) => ({
              id: tool.id,
              type: "function",
              function: { name: tool.name, arguments: tool.arguments },
            }))
          : undefined,
    };
    return utf8Bytes(
      stringifyRaw({
        id: this.#head.id,
        object: "chat.completion",
        created: this.#createdSeconds,
        model: this.#head.model,
        service_tier: this.#head.serviceTier,
        choices: [{ index: 0, message, logprobs: null, finish_reason: this.#finish }],
        usage: this.#usage,
      }),
    );
  }

  takeOutputBytes(): number {
    const bytes = this.#outputBytes;
    this.#outputBytes = 0;
    return bytes;
  }
}

import type { TokenUsage } from "../../core/usage.ts";
import { noBytes, utf8Bytes } from "../../lib/bytes.ts";
import { type JsonOut, stringifyRaw } from "../../lib/raw-json.ts";
import { sseDone } from "../../lib/sse.ts";
import { type ChatHead, type ChatWriter, type FinishReason, renderChatUsage } from "./chat-writer.ts";

/** Writes `chat.completion.chunk` events. */
export class ChatStreamWriter implements ChatWriter {
  readonly #createdSeconds: number;
  readonly #includeUsage: boolean;
  #head: ChatHead = { id: "", model: "" };
  #started = false;
  #thinkingBlocks: JsonOut[] = [];
  #out: string[] = [];
  #outputBytes = 0;

  /** `createdSeconds`: seconds since the epoch at the response headers; `includeUsage`: the client asked for usage. */
  constructor(createdSeconds: number, includeUsage: boolean) {
    this.#createdSeconds = createdSeconds;
    this.#includeUsage = includeUsage;
  }

  start(head: ChatHead): void {
    if (this.#started) return;
    this.#started = true;
    this.#head = head;
    this.#delta({ role: "assistant", content: "" });
  }

  text(text: string): void {
    if (text === "") return;
    this.#outputBytes += Buffer.byteLength(text);
    this.#delta({ content: text });
  }

  reasoning(text: string): void {
    if (text === "") return;
    this.#outputBytes += Buffer.byteLength(text);
    this.#delta({ reasoning_content: text });
  }

  thinkingBlock(block: JsonOut): void {
    this.#thinkingBlocks.push(block);
  }

  toolStart(index: number, id: string, name: string): void {
    this.#delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] });
  }

  toolArguments(index: number, text: string): void {
    if (text === "") return;
    this.#outputBytes += Buffer.byteLength(text);
    this.#delta({ tool_calls: [{ index, function: { arguments: text } }] });
  }

  refusal(text: string): void {
    if (text === "") return;
    this.#outputBytes += Buffer.byteLength(text);
    this.#delta({ refusal: text });
  }

  finish(reason: FinishReason): void {
    if (this.#thinkingBlocks.length > 0) this.#delta({ thinking_blocks: this.#thinkingBlocks });
    this.#thinkingBlocks = [];
    this.#chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: reason }]);
  }

  usage(usage: TokenUsage): void {
    if (!this.#includeUsage) return;
    const rendered = renderChatUsage(usage);
    if (rendered !== undefined) this.#chunk([], rendered);
  }

  done(): void {
    this.#out.push(sseDone);
  }

  keepAlive(): void {
    this.#out.push(": keep-alive\n\n");
  }

  take(): Uint8Array {
    if (this.#out.length === 0) return noBytes;
    const bytes = utf8Bytes(this.#out.join(""));
    this.#out = [];
    return bytes;
  }

  takeOutputBytes(): number {
    const bytes = this.#outputBytes;
    this.#outputBytes = 0;
    return bytes;
  }

  #delta(delta: JsonOut): void {
    this.#chunk([{ index: 0, delta, logprobs: null, finish_reason: null }]);
  }

  #chunk(choices: JsonOut, usage?: JsonOut): void {
    const chunk = stringifyRaw({
      id: this.#head.id,
      object: "chat.completion.chunk",
      created: this.#createdSeconds,
      model: this.#head.model,
      service_tier: this.#head.serviceTier,
      choices,
      usage: usage ?? (this.#includeUsage ? null : undefined),
    });
    this.#out.push(`data: ${chunk}\n\n`);
  }
}

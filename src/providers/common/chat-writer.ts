import type { TokenUsage } from "../../core/usage.ts";
import { noBytes, utf8Bytes } from "../../lib/bytes.ts";
import { type JsonOut, stringifyRaw } from "../../lib/raw-json.ts";
import { sseDone } from "../../lib/sse.ts";

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

export interface ChatHead {
  readonly id: string;
  readonly model: string;
  readonly serviceTier?: string | undefined;
}

/**
 * The operations that a provider's answer is made of, for chat clients (translation.md §4.1). Provider events drive them;
 * `ChatStreamWriter` writes a stream of chunks, `ChatAnswerWriter` folds the same operations into one answer.
 * Order: `start (text | reasoning | refusal | tool*)* thinkingBlock* finish usage? done`, or any prefix.
 * Every translated provider answers with one choice.
 */
export interface ChatWriter {
  /** Only the first call has an effect. */
  start(head: ChatHead): void;
  text(text: string): void;
  reasoning(text: string): void;
  /** A complete `thinking` or `redacted_thinking` block. */
  thinkingBlock(block: JsonOut): void;
  /** `index` counts tool calls from 0 (R119). */
  toolStart(index: number, id: string, name: string): void;
  toolArguments(index: number, text: string): void;
  refusal(text: string): void;
  finish(reason: FinishReason): void;
  usage(usage: TokenUsage): void;
  done(): void;
  keepAlive(): void;
  /** Bytes for the client since the last call. */
  take(): Uint8Array;
  /** Characters of model output written since the last call. */
  takeOutputCharacters(): number;
}

/** Usage as the openai dialect shows it (§5.1); undefined when nothing was told. */
export function renderChatUsage(usage: TokenUsage): JsonOut {
  if (usage.input === undefined && usage.output === undefined && usage.total === undefined) return undefined;
  const input = usage.input ?? 0;
  const output = usage.output ?? 0;
  const cachedTold = usage.cachedInput !== undefined || usage.cacheWrite !== undefined;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: cachedTold
      ? {
          cached_tokens: usage.cachedInput ?? 0,
          ...(usage.cacheWrite === undefined ? {} : { cache_write_tokens: usage.cacheWrite }),
        }
      : undefined,
    completion_tokens_details: usage.reasoning === undefined ? undefined : { reasoning_tokens: usage.reasoning },
  };
}

/** Writes `chat.completion.chunk` events. */
export class ChatStreamWriter implements ChatWriter {
  readonly #createdSeconds: number;
  readonly #includeUsage: boolean;
  #head: ChatHead = { id: "", model: "" };
  #started = false;
  #thinkingBlocks: JsonOut[] = [];
  #out: string[] = [];
  #characters = 0;

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
    this.#characters += text.length;
    this.#delta({ content: text });
  }

  reasoning(text: string): void {
    if (text === "") return;
    this.#characters += text.length;
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
    this.#characters += text.length;
    this.#delta({ tool_calls: [{ index, function: { arguments: text } }] });
  }

  refusal(text: string): void {
    if (text === "") return;
    this.#characters += text.length;
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

  takeOutputCharacters(): number {
    const characters = this.#characters;
    this.#characters = 0;
    return characters;
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
  #characters = 0;

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
    this.#characters += text.length;
    this.#content = (this.#content ?? "") + text;
  }

  reasoning(text: string): void {
    if (text === "") return;
    this.#characters += text.length;
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
    this.#characters += text.length;
    tool.arguments += text;
  }

  refusal(text: string): void {
    if (text === "") return;
    this.#characters += text.length;
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

  takeOutputCharacters(): number {
    const characters = this.#characters;
    this.#characters = 0;
    return characters;
  }
}

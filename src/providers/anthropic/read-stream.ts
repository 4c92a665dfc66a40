import { type AttemptInput, defaultCodecLimits } from "../../core/translator.ts";
import { GatewayError } from "../../lib/errors.ts";
import { SseDecoder, type SseEvent } from "../../lib/sse.ts";
import type { AnswerSink } from "../common/answer-sink.ts";
import type { StreamReader } from "../common/chat-answer.ts";
import type { JsonView } from "../common/json-view.ts";
import { parseJson } from "../common/parse-json.ts";
import { parseUpstreamJson } from "../common/upstream-json.ts";
import { readErrorIn } from "./errors.ts";
import { mapStopReason } from "./map-stop-reason.ts";
import { AnthropicUsage } from "./usage.ts";

/** A content block that is still open. */
type OpenBlock =
  | { readonly kind: "text" | "ignored" }
  | { readonly kind: "thinking"; thinking: string; signature: string }
  | { readonly kind: "redacted_thinking"; readonly data: string }
  /** `input`: what the start told, used when no delta follows. */
  | { readonly kind: "tool_use"; readonly index: number; input: string | undefined };

/** Reads the events of a Messages stream (translation.md §6.2). */
export class AnthropicStreamReader implements StreamReader {
  readonly #sink: AnswerSink;
  readonly #input: AttemptInput;
  readonly #decoder: SseDecoder;
  readonly #usage = new AnthropicUsage();
  readonly #blocks = new Map<number, OpenBlock>();
  #toolCalls = 0;
  #started = false;
  #finished = false;
  #complete = false;
  #heldCharacters = 0;
  readonly #maxHeldCharacters: number;

  constructor(sink: AnswerSink, input: AttemptInput) {
    this.#sink = sink;
    this.#input = input;
    const limits = { ...defaultCodecLimits, ...input.options.limits };
    this.#decoder = new SseDecoder(limits.maxEventBytes);
    this.#maxHeldCharacters = limits.maxHeldToolBytes;
  }

  get complete(): boolean {
    return this.#complete;
  }

  push(chunk: Uint8Array): void {
    for (const event of this.#decoder.push(chunk)) this.#read(event);
    if (this.#decoder.failure !== undefined && !this.#complete) throw this.#decoder.failure;
  }

  end(): void {
    for (const event of this.#decoder.end()) {
      // an event that the end of the connection cut is no event: the stream is truncated
      if (parseJson(event.data) !== undefined) this.#read(event);
    }
    if (this.#decoder.failure !== undefined) throw this.#decoder.failure;
    if (!this.#complete) {
      throw new GatewayError("upstream_truncated", "the provider's stream ended before the answer was complete");
    }
  }

  #read(sse: SseEvent): void {
    if (this.#complete) return;
    const event = parseUpstreamJson(sse.data, "bad_upstream_stream");
    const { writer } = this.#sink;
    switch (event.member("type").string ?? sse.event) {
      case "message_start":
        this.#messageStart(event.member("message"));
        return;
      case "content_block_start":
        this.#blockStart(event.member("index").number ?? 0, event.member("content_block"));
        return;
      case "content_block_delta":
        this.#blockDelta(event.member("index").number ?? 0, event.member("delta"));
        return;
      case "content_block_stop":
        this.#blockStop(event.member("index").number ?? 0);
        return;
      case "message_delta":
        this.#messageDelta(event);
        return;
      case "message_stop":
        this.#messageStop();
        return;
      case "ping":
        writer.keepAlive();
        return;
      default: {
        // `error` events; compatible servers send bare {"error": …}. Anything else is not known yet (R49)
        const error = readErrorIn(event);
        if (error !== undefined) throw error;
      }
    }
  }

  #messageStart(message: JsonView): void {
    this.#sink.model = message.member("model").string ?? this.#sink.model;
    this.#usage.report(message.member("usage"), this.#sink);
    this.#start(message.member("id").string);
  }

  /** Before anything else is written; servers that forget `message_start` are forgiven. */
  #start(id?: string): void {
    if (this.#started) return;
    this.#started = true;
    this.#sink.writer.start({
      id: id ?? this.#input.newId("chatcmpl_tg_"),
      model: this.#sink.model ?? this.#input.model,
    });
  }

  #blockStart(position: number, block: JsonView): void {
    this.#start();
    const { writer } = this.#sink;
    switch (block.member("type").string) {
      case "text":
        this.#blocks.set(position, { kind: "text" });
        writer.text(block.member("text").string ?? "");
        return;
      case "thinking": {
        const thinking = block.member("thinking").string ?? "";
        this.#blocks.set(position, { kind: "thinking", thinking, signature: block.member("signature").string ?? "" });
        writer.reasoning(thinking);
        return;
      }
      case "redacted_thinking":
        this.#blocks.set(position, { kind: "redacted_thinking", data: block.member("data").string ?? "" });
        return;
      case "tool_use": {
        const input = block.member("input");
        const index = this.#toolCalls++;
        this.#blocks.set(position, {
          kind: "tool_use",
          index,
          input: input.names.length > 0 ? input.raw.text : "{}",
        });
        writer.toolStart(
          index,
          block.member("id").string ?? this.#input.newId("call_tg_"),
          block.member("name").string ?? "",
        );
        return;
      }
      default:
        this.#blocks.set(position, { kind: "ignored" });
    }
  }

  #blockDelta(position: number, delta: JsonView): void {
    const { writer } = this.#sink;
    const block = this.#blocks.get(position);
    if (block === undefined) {
      throw new GatewayError("bad_upstream_stream", "the provider sent content for a block that is not open");
    }
    switch (delta.member("type").string) {
      case "text_delta":
        if (block.kind === "text") writer.text(delta.member("text").string ?? "");
        return;
      case "thinking_delta": {
        if (block.kind !== "thinking") return;
        const thinking = delta.member("thinking").string ?? "";
        this.#hold(thinking);
        block.thinking += thinking;
        writer.reasoning(thinking);
        return;
      }
      case "signature_delta":
        if (block.kind !== "thinking") return;
        this.#hold(delta.member("signature").string ?? "");
        block.signature += delta.member("signature").string ?? "";
        return;
      case "input_json_delta": {
        const text = delta.member("partial_json").string ?? "";
        if (block.kind !== "tool_use" || text === "") return;
        block.input = undefined;
        writer.toolArguments(block.index, text);
        return;
      }
      default:
        // citations and kinds that came later: nothing the chat dialect can show
        return;
    }
  }

  /** Thinking is kept until the answer ends (§4.1); what a provider can make us keep is bounded. */
  #hold(thinking: string): void {
    this.#heldCharacters += thinking.length;
    if (this.#heldCharacters > this.#maxHeldCharacters) {
      throw new GatewayError("bad_upstream_stream", "the provider sent more thinking than the gateway can hold");
    }
  }

  #blockStop(position: number): void {
    const block = this.#blocks.get(position);
    this.#blocks.delete(position);
    const { writer } = this.#sink;
    switch (block?.kind) {
      case "thinking":
        writer.thinkingBlock({ type: "thinking", thinking: block.thinking, signature: block.signature });
        return;
      case "redacted_thinking":
        writer.thinkingBlock({ type: "redacted_thinking", data: block.data });
        return;
      case "tool_use":
        if (block.input !== undefined) writer.toolArguments(block.index, block.input);
        return;
      default:
        return;
    }
  }

  #messageDelta(event: JsonView): void {
    this.#usage.report(event.member("usage"), this.#sink);
    const delta = event.member("delta");
    const stopReason = delta.member("stop_reason").string;
    if (stopReason === undefined || this.#finished) return;
    this.#start();
    this.#finished = true;
    for (const position of this.#blocks.keys()) this.#blockStop(position);
    const explanation = delta.member("stop_details").member("explanation").string;
    if (stopReason === "refusal" && explanation !== undefined) this.#sink.writer.refusal(explanation);
    this.#sink.writer.finish(mapStopReason(stopReason, this.#sink));
  }

  #messageStop(): void {
    if (!this.#finished) {
      throw new GatewayError("upstream_truncated", "the provider's stream ended without a stop reason");
    }
    this.#complete = true;
    const { writer, usage } = this.#sink;
    if (usage !== undefined) writer.usage(usage);
    writer.done();
  }
}

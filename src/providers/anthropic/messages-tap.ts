import type { AttemptInput } from "../../core/translator.ts";
import type { TokenUsage } from "../../core/usage.ts";
import { utf8Bytes } from "../../lib/bytes.ts";
import { encodeSseEvent, type SseEvent } from "../../lib/sse.ts";
import type { UsageSink } from "../common/answer-sink.ts";
import type { JsonView } from "../common/json-view.ts";
import { passes, type StreamTap, type TappedEvent } from "../common/passing-stream.ts";
import { parseUpstreamJson } from "../common/upstream-json.ts";
import { readErrorIn } from "./errors.ts";
import { AnthropicUsage } from "./usage.ts";

/** Reads a Messages stream that passes by: usage, model, errors, what is open. */
export class MessagesTap implements StreamTap, UsageSink {
  usage: TokenUsage | undefined;
  model: string | undefined;
  complete = false;
  readonly #input: Pick<AttemptInput, "model" | "newId">;
  readonly #usage = new AnthropicUsage();
  #started = false;
  #openBlock: number | undefined;
  #outputBytes = 0;
  #notes: string[] = [];

  constructor(input: Pick<AttemptInput, "model" | "newId">) {
    this.#input = input;
  }

  read(sse: SseEvent): TappedEvent {
    if (this.complete) return passes;
    let event: JsonView;
    try {
      event = parseUpstreamJson(sse.data);
    } catch {
      this.note("unreadable_chunk"); // metering never breaks a pass-through (R12)
      return passes;
    }
    switch (event.member("type").string ?? sse.event) {
      case "message_start":
        this.#started = true;
        this.model = event.member("message").member("model").string ?? this.model;
        this.#usage.report(event.member("message").member("usage"), this);
        return passes;
      case "content_block_start":
        this.#openBlock = event.member("index").number ?? 0;
        this.#count(event.member("content_block"));
        return passes;
      case "content_block_delta":
        this.#count(event.member("delta"));
        return passes;
      case "content_block_stop":
        this.#openBlock = undefined;
        return passes;
      case "message_delta":
        this.#usage.report(event.member("usage"), this);
        return passes;
      case "message_stop":
        this.complete = true;
        return passes;
      case "ping":
        return passes;
      default: {
        // `error` events; compatible servers send bare {"error": …}. Anything else is not known yet (R49)
        const error = readErrorIn(event);
        return error === undefined ? passes : { kind: "error", error };
      }
    }
  }

  note(name: string): void {
    this.#notes.push(name);
  }

  takeNotes(): readonly string[] | undefined {
    if (this.#notes.length === 0) return undefined;
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  takeOutputBytes(): number {
    const bytes = this.#outputBytes;
    this.#outputBytes = 0;
    return bytes;
  }

  /** The beginning of the message, if the provider has not told it, or the end of the open block (R134). */
  closeOpen(): Uint8Array | undefined {
    if (!this.#started) return utf8Bytes(this.#beginning());
    if (this.#openBlock === undefined) return undefined;
    const stop = { type: "content_block_stop", index: this.#openBlock };
    return utf8Bytes(encodeSseEvent(JSON.stringify(stop), stop.type));
  }

  #beginning(): string {
    const message = {
      id: this.#input.newId("msg_tg_"),
      type: "message",
      role: "assistant",
      model: this.model ?? this.#input.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 0, output_tokens: 0 },
    };
    return encodeSseEvent(JSON.stringify({ type: "message_start", message }), "message_start");
  }

  /** UTF-8 bytes of model output in a block's beginning or a delta: text, thinking, a call's input. */
  #count(piece: JsonView): void {
    for (const name of ["text", "thinking", "partial_json"]) {
      this.#outputBytes += Buffer.byteLength(piece.member(name).string ?? "");
    }
  }
}

import type { TokenUsage } from "../../../core/usage.ts";
import { noBytes, utf8Bytes } from "../../../lib/bytes.ts";
import { GatewayError } from "../../../lib/errors.ts";
import { JsonGrowth } from "../../../lib/json-growth.ts";
import { type JsonOut, stringifyRaw } from "../../../lib/raw-json.ts";
import { encodeSseEvent } from "../../../lib/sse.ts";
import { type MessagesHead, type MessagesWriter, renderMessagesUsage, type StopReason } from "./messages-writer.ts";

/** A content block of the answer. Of the one that is open `held` is empty; those behind it wait with all that they have. */
type Block = { held: string[] } & (
  | { readonly kind: "text" }
  | { readonly kind: "thinking"; readonly signature: string }
  | {
      readonly kind: "tool";
      readonly call: number;
      readonly id: string;
      readonly name: string;
      readonly input: JsonGrowth;
    }
);

export interface MessagesStreamOptions {
  /** For a stream that must be begun before the provider named itself. */
  readonly unnamed: () => MessagesHead;
  /** The most that may wait behind an open call. */
  readonly maxHeldBytes: number;
}

/**
 * Writes the events of a Messages stream. Blocks come one after the other, but providers may interleave calls: a call stays open
 * until its arguments are a complete JSON value or the answer ends, and meanwhile others wait, in order of appearance (R133).
 */
export class MessagesStreamWriter implements MessagesWriter {
  readonly #options: MessagesStreamOptions;
  #started = false;
  /** The open block first, then those that wait. */
  #blocks: Block[] = [];
  /** Index of the open block, or of the next. */
  #index = 0;
  #heldBytes = 0;
  #stop: { readonly reason: StopReason; readonly sequence: string | null } | undefined;
  #out: string[] = [];
  #outputBytes = 0;

  constructor(options: MessagesStreamOptions) {
    this.#options = options;
  }

  start({ id, model }: MessagesHead, usage?: TokenUsage): void {
    if (this.#started) return;
    this.#started = true;
    const { input_tokens, output_tokens } = renderMessagesUsage(usage);
    this.#event({
      type: "message_start",
      message: {
        id,
        type: "message",
        role: "assistant",
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens, output_tokens },
      },
    });
  }

  text(text: string): void {
    if (text === "") return;
    const last = this.#blocks.at(-1);
    const block = last?.kind === "text" ? last : this.#append({ kind: "text", held: [] });
    this.#write(block, text);
  }

  thinking(text: string, signature: string): void {
    if (text === "") return;
    const last = this.#blocks.at(-1);
    const block =
      last?.kind === "thinking" && last.signature === signature
        ? last
        : this.#append({ kind: "thinking", signature, held: [] });
    this.#write(block, text);
  }

  toolStart(call: number, id: string, name: string): void {
    this.#append({ kind: "tool", call, id, name, input: new JsonGrowth(), held: [] });
  }

  toolArguments(call: number, text: string): void {
    const block = this.#blocks.find((candidate) => candidate.kind === "tool" && candidate.call === call);
    if (text === "" || block?.kind !== "tool") return; // what follows complete arguments is none of them
    block.input.push(text);
    this.#write(block, text);
  }

  finish(reason: StopReason, sequence: string | null): void {
    while (this.#blocks.length > 0) this.#close();
    this.#stop ??= { reason, sequence };
  }

  done(usage: TokenUsage | undefined): void {
    const { reason, sequence } = this.#stop ?? { reason: "end_turn", sequence: null };
    this.#event({
      type: "message_delta",
      delta: { stop_reason: reason, stop_sequence: sequence },
      usage: renderMessagesUsage(usage),
    });
    this.#event({ type: "message_stop" });
  }

  keepAlive(): void {
    this.#event({ type: "ping" });
  }

  /** Ends the open block as it is; what waits behind it is not shown. */
  closeOpen(): void {
    this.start(this.#options.unnamed());
    this.#blocks.splice(1);
    if (this.#blocks.length > 0) this.#close();
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

  /** A new block; it opens at once if the one before it can end. */
  #append(block: Block): Block {
    this.#blocks.push(block);
    if (this.#blocks.length === 1) this.#open(block);
    else this.#advance();
    return block;
  }

  #write(block: Block, text: string): void {
    this.#outputBytes += Buffer.byteLength(text);
    if (block === this.#blocks[0]) {
      this.#delta(block, text);
      return;
    }
    this.#heldBytes += text.length;
    if (this.#heldBytes > this.#options.maxHeldBytes) {
      throw new GatewayError("bad_upstream_stream", "the provider interleaved more than the gateway can hold");
    }
    block.held.push(text);
    this.#advance();
  }

  /** Closes the open block, and those behind it that are complete, as long as one waits that may be next. */
  #advance(): void {
    for (let open = this.#blocks[0]; open !== undefined && this.#blocks.length > 1; open = this.#blocks[0]) {
      if (open.kind === "tool" && !open.input.complete) return;
      this.#close();
    }
  }

  /** Ends the open block and opens the next, with what it has held. */
  #close(): void {
    const block = this.#blocks.shift();
    const index = this.#index;
    if (block?.kind === "thinking") {
      const delta = { type: "signature_delta", signature: block.signature };
      this.#event({ type: "content_block_delta", index, delta });
    }
    this.#event({ type: "content_block_stop", index });
    this.#index++;
    const next = this.#blocks[0];
    if (next !== undefined) this.#open(next);
  }

  #open(block: Block): void {
    this.#event({ type: "content_block_start", index: this.#index, content_block: beginning(block) });
    const { held } = block;
    block.held = [];
    for (const text of held) {
      this.#heldBytes -= text.length;
      this.#delta(block, text);
    }
  }

  #delta(block: Block, text: string): void {
    this.#event({ type: "content_block_delta", index: this.#index, delta: deltaOf(block, text) });
  }

  #event(event: { readonly type: string; readonly [member: string]: JsonOut }): void {
    this.#out.push(encodeSseEvent(stringifyRaw(event), event.type));
  }
}

function beginning(block: Block): JsonOut {
  switch (block.kind) {
    case "text":
      return { type: "text", text: "" };
    case "thinking":
      return { type: "thinking", thinking: "", signature: "" };
    case "tool":
      return { type: "tool_use", id: block.id, name: block.name, input: {} };
  }
}

function deltaOf(block: Block, text: string): JsonOut {
  switch (block.kind) {
    case "text":
      return { type: "text_delta", text };
    case "thinking":
      return { type: "thinking_delta", thinking: text };
    case "tool":
      return { type: "input_json_delta", partial_json: text };
  }
}

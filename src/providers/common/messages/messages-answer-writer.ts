import type { TokenUsage } from "../../../core/usage.ts";
import { noBytes, utf8Bytes } from "../../../lib/bytes.ts";
import { type JsonOut, stringifyRaw } from "../../../lib/raw-json.ts";
import { toolInput } from "../tool-input.ts";
import { Warnings } from "../warnings.ts";
import { type MessagesHead, type MessagesWriter, renderMessagesUsage, type StopReason } from "./messages-writer.ts";

type Block =
  | { readonly kind: "text"; text: string }
  | { readonly kind: "thinking"; text: string; readonly signature: string }
  | { readonly kind: "tool"; text: string; readonly call: number; readonly id: string; readonly name: string };

/** Folds the operations into one message. `take()` gives it after `done()`. */
export class MessagesAnswerWriter implements MessagesWriter {
  #head: MessagesHead | undefined;
  readonly #blocks: Block[] = [];
  #stop: { readonly reason: StopReason; readonly sequence: string | null } = { reason: "end_turn", sequence: null };
  #usage: JsonOut;
  #done = false;
  #outputBytes = 0;

  start(head: MessagesHead): void {
    this.#head ??= head;
  }

  text(text: string): void {
    if (text === "") return;
    const last = this.#blocks.at(-1);
    if (last?.kind === "text") this.#add(last, text);
    else this.#add(this.#append({ kind: "text", text: "" }), text);
  }

  thinking(text: string, signature: string): void {
    if (text === "") return;
    const last = this.#blocks.at(-1);
    if (last?.kind === "thinking" && last.signature === signature) this.#add(last, text);
    else this.#add(this.#append({ kind: "thinking", signature, text: "" }), text);
  }

  toolStart(call: number, id: string, name: string): void {
    this.#append({ kind: "tool", call, id, name, text: "" });
  }

  toolArguments(call: number, text: string): void {
    const block = this.#blocks.find((candidate) => candidate.kind === "tool" && candidate.call === call);
    if (block !== undefined) this.#add(block, text);
  }

  finish(reason: StopReason, sequence: string | null): void {
    this.#stop = { reason, sequence };
  }

  done(usage: TokenUsage | undefined): void {
    this.#usage = renderMessagesUsage(usage);
    this.#done = true;
  }

  keepAlive(): void {
    // a complete answer has no pauses to bridge
  }

  take(): Uint8Array {
    if (!this.#done) return noBytes;
    this.#done = false;
    return utf8Bytes(
      stringifyRaw({
        id: this.#head?.id,
        type: "message",
        role: "assistant",
        model: this.#head?.model,
        content: this.#blocks.map(render),
        stop_reason: this.#stop.reason,
        stop_sequence: this.#stop.sequence,
        usage: this.#usage,
      }),
    );
  }

  takeOutputBytes(): number {
    const bytes = this.#outputBytes;
    this.#outputBytes = 0;
    return bytes;
  }

  #append<B extends Block>(block: B): B {
    this.#blocks.push(block);
    return block;
  }

  #add(block: Block, text: string): void {
    this.#outputBytes += Buffer.byteLength(text);
    block.text += text;
  }
}

function render(block: Block): JsonOut {
  switch (block.kind) {
    case "text":
      return { type: "text", text: block.text };
    case "thinking":
      return { type: "thinking", thinking: block.text, signature: block.signature };
    case "tool": {
      // what a model made that is no object is wrapped as in requests (R75); headers have left, so nobody is warned
      return { type: "tool_use", id: block.id, name: block.name, input: toolInput(block.text, new Warnings()) };
    }
  }
}

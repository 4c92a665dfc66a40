import type { TokenUsage } from "../../core/usage.ts";
import type { AnswerWriter } from "./answer-writer.ts";
import type { ChatWriter } from "./chat-writer.ts";

/** Where what metering wants to know of an answer goes while it is read. */
export interface UsageSink {
  /** All usage told so far; undefined until something was told. */
  usage: TokenUsage | undefined;
  /** Something to count, e.g. `unknown_stop_reason`. */
  note(name: string): void;
}

/** Where a provider's answer goes while it is read: the client's bytes into `writer`, what metering wants beside it. */
export class AnswerSink<W extends AnswerWriter = ChatWriter> implements UsageSink {
  readonly writer: W;
  /** All usage told so far; undefined until something was told. */
  usage: TokenUsage | undefined;
  /** Model that the provider named. */
  model: string | undefined;
  #notes: string[] = [];

  constructor(writer: W) {
    this.writer = writer;
  }

  /** Something to count, e.g. `unknown_stop_reason`. */
  note(name: string): void {
    this.#notes.push(name);
  }

  takeNotes(): readonly string[] | undefined {
    if (this.#notes.length === 0) return undefined;
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }
}

import type { Endpoint } from "../core/endpoint.ts";
import type { Translated, Translator } from "../core/translator.ts";
import { concatBytes } from "../lib/bytes.ts";
import { GatewayError } from "../lib/errors.ts";
import type { UsageMeter } from "../metering/usage-meter.ts";
import { insertBefore } from "./receipt.ts";

/** What became of one piece of a provider's answer. */
export interface AnswerPiece {
  /** undefined = the provider's bytes unchanged; empty = nothing. */
  readonly body: Uint8Array | undefined;
  readonly failure: GatewayError | undefined;
}

export interface AnswerOptions {
  readonly stream: boolean;
  /** How many answers in one the client wants. */
  readonly choices: number;
  readonly translator: Translator;
  readonly meter: UsageMeter;
  readonly endpoint: Endpoint;
  /** Makes the comment that tells in the stream what it used; undefined = the client wants none. */
  readonly receipt: (() => string) | undefined;
  readonly nowMs: () => number;
  /** Told the names of things to count. */
  readonly note: (note: string) => void;
}

/** Runs a 2xx answer through its translator and meter. Never throws: whatever breaks becomes a failure (R166). */
export class Answer {
  readonly stream: boolean;
  readonly #options: AnswerOptions;
  #receiptDue: boolean;
  #failure: GatewayError | undefined;
  #model: string | undefined;
  #isSaid = false;

  constructor(options: AnswerOptions) {
    this.stream = options.stream;
    this.#options = options;
    this.#receiptDue = options.stream && options.receipt !== undefined;
  }

  /** What broke the answer. On a stream its error event was written, and nothing may follow it. */
  get failure(): GatewayError | undefined {
    return this.#failure;
  }

  /** Model that the provider said answered. */
  get model(): string | undefined {
    return this.#model;
  }

  /**
   * Whether the stream's last event is in this piece, as it is passed on, or was in one before: with it everything was told.
   * Pieces hold whole events.
   */
  isSaid(piece: Uint8Array): boolean {
    if (this.#isSaid) return true;
    const { endpoint, meter } = this.#options;
    // latin1: a character is a byte
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("latin1");
    this.#isSaid = endpoint.lastEvent.test(text);
    if (this.#isSaid) meter.complete();
    return this.#isSaid;
  }

  /** A piece of the body, cut anywhere; `last`: the answer ended cleanly with it. */
  piece(chunk: Uint8Array, last: boolean): AnswerPiece {
    if (this.#failure !== undefined) return { body: new Uint8Array(0), failure: undefined };
    const { translator, meter, endpoint } = this.#options;
    const parts: Uint8Array[] = [];
    let unchanged = true;
    let failure: GatewayError | undefined;
    const add = (translated: Translated, original: Uint8Array): void => {
      this.#meterPiece(translated);
      unchanged &&= translated.body === undefined;
      parts.push(translated.body ?? original);
      failure ??= translated.failure;
    };
    try {
      add(translator.responseBody(chunk), chunk);
      if (last && failure === undefined) add(translator.responseEnd(), new Uint8Array(0));
      if (last && failure === undefined) meter.complete();
    } catch (thrown) {
      failure = GatewayError.from(thrown, this.stream ? "bad_upstream_stream" : "bad_upstream_json");
    }
    if (failure !== undefined) {
      this.#failure = failure;
      if (!this.stream) return { body: undefined, failure };
      parts.push(endpoint.streamError(failure));
      unchanged = false;
    }
    const body = unchanged ? undefined : concatBytes(parts);
    return { body: this.#withReceipt(body ?? chunk, true) ?? body, failure };
  }

  /**
   * Ends a stream before its provider does, because nobody pays for more (limits.md L34): `piece` and the events that end it in the
   * client's dialect. Whatever comes after it is swallowed.
   */
  cutOff(piece: Uint8Array, reason: GatewayError): Uint8Array {
    const { meter, endpoint, stream, choices, translator } = this.#options;
    if (!stream) throw new Error("only streams can be cut off");
    this.#failure = reason;
    const { usage } = meter.current();
    const end = endpoint.streamCut({ reason, usage, model: this.#model, choices, nowMs: this.#options.nowMs() });
    const open = translator.closeOpen === undefined ? [] : [translator.closeOpen()];
    const whole = concatBytes([piece, ...open, end]);
    return this.#withReceipt(whole, false) ?? whole;
  }

  /** `complete`: with the stream's last event everything was told. */
  #withReceipt(piece: Uint8Array, complete: boolean): Uint8Array | undefined {
    const { meter, endpoint, receipt } = this.#options;
    if (!this.#receiptDue || receipt === undefined) return undefined;
    return insertBefore(piece, endpoint.lastEvent, () => {
      this.#receiptDue = false;
      if (complete) meter.complete();
      return receipt();
    });
  }

  #meterPiece(translated: Translated): void {
    const { meter, note } = this.#options;
    if (translated.outputBytes !== undefined) meter.streamed(translated.outputBytes);
    if (translated.usage !== undefined) meter.report(translated.usage);
    if (translated.model !== undefined) this.#model = translated.model;
    for (const name of translated.notes ?? []) note(name);
  }
}

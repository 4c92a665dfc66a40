import type { Endpoint } from "../core/endpoint.ts";
import type { Translated, Translator } from "../core/translator.ts";
import { concatBytes } from "../lib/bytes.ts";
import { GatewayError } from "../lib/errors.ts";
import type { UsageMeter } from "../metering/usage-meter.ts";

/** What became of one piece of a provider's answer. */
export interface AnswerPiece {
  /** undefined = the provider's bytes unchanged; empty = nothing. */
  readonly body: Uint8Array | undefined;
  readonly failure: GatewayError | undefined;
}

/** Runs a 2xx answer through its translator and meter. Never throws: whatever breaks becomes a failure (R166). */
export class Answer {
  readonly stream: boolean;
  readonly #translator: Translator;
  readonly #meter: UsageMeter;
  readonly #endpoint: Endpoint;
  readonly #note: (note: string) => void;
  #failed = false;
  #model: string | undefined;

  constructor(
    stream: boolean,
    translator: Translator,
    meter: UsageMeter,
    endpoint: Endpoint,
    note: (note: string) => void,
  ) {
    this.stream = stream;
    this.#translator = translator;
    this.#meter = meter;
    this.#endpoint = endpoint;
    this.#note = note;
  }

  /** An error event was written: nothing may follow it. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Model that the provider said answered. */
  get model(): string | undefined {
    return this.#model;
  }

  /** A piece of the body, cut anywhere; `last`: the answer ended cleanly with it. */
  piece(chunk: Uint8Array, last: boolean): AnswerPiece {
    if (this.#failed) return { body: new Uint8Array(0), failure: undefined };
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
      add(this.#translator.responseBody(chunk), chunk);
      if (last && failure === undefined) add(this.#translator.responseEnd(), new Uint8Array(0));
      if (last && failure === undefined) this.#meter.complete();
    } catch (thrown) {
      failure = GatewayError.from(thrown, this.stream ? "bad_upstream_stream" : "bad_upstream_json");
    }
    if (failure !== undefined) {
      this.#failed = true;
      if (!this.stream) return { body: undefined, failure };
      parts.push(this.#endpoint.streamError(failure));
      unchanged = false;
    }
    return { body: unchanged ? undefined : concatBytes(parts), failure };
  }

  #meterPiece(translated: Translated): void {
    if (translated.outputCharacters !== undefined) this.#meter.streamed(translated.outputCharacters);
    if (translated.usage !== undefined) this.#meter.report(translated.usage);
    if (translated.model !== undefined) this.#model = translated.model;
    for (const note of translated.notes ?? []) this.#note(note);
  }
}

import { isUtf8 } from "node:buffer";
import type { Endpoint } from "../../src/core/endpoint.ts";
import type { ResponseHead, Translated, Translator } from "../../src/core/translator.ts";
import type { TokenUsage } from "../../src/core/usage.ts";
import { GatewayError } from "../../src/lib/errors.ts";

/** What a client got and metering was told for one recorded answer. */
export interface Replayed {
  readonly stream: boolean;
  readonly status: number;
  /** Header changes; `undefined` where the provider's headers pass. */
  readonly headers: unknown;
  /** As text, or base64 after `base64:` when it is none. */
  readonly body: string;
  readonly usage: TokenUsage | null;
  readonly model: string | null;
  readonly outputBytes: number;
  readonly notes: readonly string[];
  /** Code and kind of the error that the client saw. */
  readonly failure: { readonly code: string | null; readonly kind: string; readonly status: number } | null;
}

/** Gives a recorded answer to a translator in these chunks, as the exchange does. */
export function replay(
  translator: Translator,
  endpoint: Endpoint,
  head: ResponseHead,
  chunks: readonly Uint8Array[],
): Replayed {
  if (head.status < 200 || head.status > 299) {
    const body = Buffer.concat(chunks);
    const { error, unchanged } = translator.responseError(head, body);
    return {
      ...nothingTold,
      stream: false,
      status: error.status,
      headers: { unchanged },
      body: readable(unchanged ? body : endpoint.errorBody(error)),
      failure: summary(error),
    };
  }
  return new AnswerReplay(translator, endpoint, head).run(chunks);
}

const nothingTold = { usage: null, model: null, outputBytes: 0, notes: [] };

function summary({ code, kind, status }: GatewayError): Replayed["failure"] {
  return { code, kind, status };
}

function readable(body: Uint8Array): string {
  return isUtf8(body) ? Buffer.from(body).toString() : `base64:${Buffer.from(body).toString("base64")}`;
}

class AnswerReplay {
  readonly #translator: Translator;
  readonly #endpoint: Endpoint;
  readonly #head: ResponseHead;
  #body: Uint8Array[] = [];
  #usage: TokenUsage | null = null;
  #model: string | null = null;
  #outputBytes = 0;
  #notes: string[] = [];
  #failure: GatewayError | undefined;

  constructor(translator: Translator, endpoint: Endpoint, head: ResponseHead) {
    this.#translator = translator;
    this.#endpoint = endpoint;
    this.#head = head;
  }

  run(chunks: readonly Uint8Array[]): Replayed {
    let stream = false;
    let headers: unknown = { set: {}, remove: [] };
    try {
      ({ stream, headers } = this.#translator.responseHeaders(this.#head));
      for (const chunk of chunks) {
        if (this.#failure === undefined) this.#take(this.#translator.responseBody(chunk), chunk);
      }
      if (this.#failure === undefined) this.#take(this.#translator.responseEnd(), new Uint8Array(0));
    } catch (thrown) {
      this.#failure = GatewayError.from(thrown, "upstream_failed");
    }
    const failure = this.#failure;
    if (failure !== undefined && stream) this.#body.push(this.#endpoint.streamError(failure));
    if (failure !== undefined && !stream) this.#body = [this.#endpoint.errorBody(failure)];
    return {
      stream,
      status: failure !== undefined && !stream ? failure.status : this.#head.status,
      headers,
      body: readable(Buffer.concat(this.#body)),
      usage: this.#usage,
      model: this.#model,
      outputBytes: this.#outputBytes,
      notes: this.#notes,
      failure: failure === undefined ? null : summary(failure),
    };
  }

  #take(translated: Translated, chunk: Uint8Array): void {
    this.#body.push((translated.body ?? chunk).slice());
    this.#usage = translated.usage ?? this.#usage;
    this.#model = translated.model ?? this.#model;
    this.#outputBytes += translated.outputBytes ?? 0;
    this.#notes.push(...(translated.notes ?? []));
    this.#failure = translated.failure;
  }
}

/** Pieces of `size` bytes, each in memory of its own. */
export function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.slice(start, start + size));
  return pieces;
}

/** The same stream with CRLF line ends. */
export function respellWithCrLf(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\n", "\r\n"), "latin1");
}

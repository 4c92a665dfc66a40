import type { Translated } from "../../core/translator.ts";
import type { TokenUsage } from "../../core/usage.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { concatBytes, noBytes, utf8Bytes } from "../../lib/bytes.ts";
import { GatewayError } from "../../lib/errors.ts";
import { SseDecoder, type SseEvent, type SseRange } from "../../lib/sse.ts";
import { parseJson } from "./parse-json.ts";

const LF = 0x0a;
const CR = 0x0d;

/** What becomes of an event that passes by. */
export type TappedEvent =
  | { readonly kind: "passes" }
  | { readonly kind: "replaced"; readonly bytes: Uint8Array }
  | { readonly kind: "error"; readonly error: GatewayError };

export const passes: TappedEvent = { kind: "passes" };

/** Reads a stream of one API that passes by. Changes nothing itself. */
export interface StreamTap {
  /** All usage told so far. */
  readonly usage: TokenUsage | undefined;
  readonly model: string | undefined;
  /** The terminal event was seen (translation.md §5.6). */
  readonly complete: boolean;
  read(event: SseEvent): TappedEvent;
  note(name: string): void;
  takeNotes(): readonly string[] | undefined;
  /** UTF-8 bytes of model output since the last call. */
  takeOutputBytes(): number;
  /** What the client must be told before the stream may end here; undefined = nothing is open. */
  closeOpen?(): Uint8Array | undefined;
}

export interface PassingStreamOptions {
  readonly tap: StreamTap;
  readonly maxEventBytes: number;
  /** `[DONE]` ends the stream, whatever came before it. */
  readonly doneEnds: boolean;
  /** The tap may replace events: one that the end of the connection cut is dropped, as it could be one of those. */
  readonly replaces: boolean;
}

/** `bytes` instead of what lies in the range of the stream. */
interface Replacement extends SseRange {
  readonly bytes: Uint8Array;
}

/**
 * Passes a stream on, byte for byte, in whole events: the rest of a chunk that ends inside an event waits for its end, so that
 * an error event, or one that the client did not ask for, can be kept back whatever the chunks are (R7, R154). Most chunks end
 * where an event ends and pass untouched.
 */
export class PassingStream {
  readonly #options: PassingStreamOptions;
  readonly #decoder: SseDecoder;
  readonly #tap: StreamTap;
  /** What came but is not passed on yet; it begins at offset `#heldStart` of the stream. */
  readonly #held = new ByteBuffer();
  #heldStart = 0;
  /** The bytes removed last ended with a CR: a LF that follows them belongs to the same line end. */
  #removedCr = false;

  constructor(options: PassingStreamOptions) {
    this.#options = options;
    this.#tap = options.tap;
    this.#decoder = new SseDecoder(options.maxEventBytes);
  }

  push(chunk: Uint8Array): Translated {
    const start = this.#heldStart + this.#held.length;
    const end = start + chunk.length;
    const readable = this.#decoder.failure === undefined;
    const events = this.#decoder.push(chunk);
    const replacements: Replacement[] = [];
    if (this.#removedCr && chunk.length > 0) {
      this.#removedCr = false;
      if (chunk[0] === LF) replacements.push({ start, end: start + 1, bytes: noBytes });
    }
    const failed = this.#readEvents(events, replacements);
    if (failed !== undefined) {
      return this.#told({ body: this.#release(chunk, failed.start, replacements), failure: failed.error });
    }
    if (this.#decoder.failure !== undefined && readable) this.#tap.note("unreadable_chunk");
    const opaque = this.#decoder.done || this.#decoder.failure !== undefined;
    const passable = opaque ? end : this.#decoder.settled;
    const unchanged = this.#held.length === 0 && passable === end && replacements.length === 0;
    if (unchanged) this.#heldStart = end;
    return this.#told({ body: unchanged ? undefined : this.#release(chunk, passable, replacements) });
  }

  end(): Translated {
    const replacements: Replacement[] = [];
    const rest = this.#heldStart + this.#held.length;
    const events = this.#decoder.end().filter((event) => parseJson(event.data) !== undefined);
    const failed = this.#readEvents(events, replacements);
    if (failed !== undefined) {
      return this.#told({ body: this.#release(noBytes, failed.start, replacements), failure: failed.error });
    }
    const { doneEnds, replaces } = this.#options;
    const done = doneEnds && this.#decoder.done;
    const complete = this.#tap.complete || done || this.#decoder.failure !== undefined;
    const isWhole = events.length > 0 || this.#decoder.done;
    // half an event is of use to nobody, and would swallow the error event behind it
    const isDropped = !isWhole && (!complete || replaces);
    const body = isDropped ? noBytes : this.#release(noBytes, rest, replacements);
    if (complete) return this.#told({ body: body.length === 0 ? undefined : body });
    const failure = new GatewayError(
      "upstream_truncated",
      "the provider's stream ended before the answer was complete",
    );
    return this.#told({ body: body.length === 0 ? body : concatBytes([body, utf8Bytes("\n\n")]), failure });
  }

  /** Events that close what is open in what was passed on, for a stream that is ended early. */
  closeOpen(): Uint8Array {
    return this.#tap.closeOpen?.() ?? noBytes;
  }

  /** Lets the tap read; returns where an error event begins, which nothing may follow. */
  #readEvents(
    events: readonly SseEvent[],
    replacements: Replacement[],
  ): { readonly start: number; readonly error: GatewayError } | undefined {
    for (const [index, event] of events.entries()) {
      const range = this.#decoder.ranges[index];
      if (range === undefined) continue;
      const tapped = this.#tap.read(event);
      if (tapped.kind === "error") return { start: range.start, error: tapped.error };
      if (tapped.kind === "replaced") replacements.push({ ...range, bytes: tapped.bytes });
    }
    return undefined;
  }

  /** What is held and `chunk` up to the offset `end`, with the replacements made; the rest is held. */
  #release(chunk: Uint8Array, end: number, replacements: readonly Replacement[]): Uint8Array {
    if (end <= this.#heldStart) {
      this.#held.append(chunk);
      return noBytes;
    }
    const base = this.#heldStart;
    const bytes = this.#held.length === 0 ? chunk : concatBytes([this.#held.take(), chunk]);
    const pieces: Uint8Array[] = [];
    let position = base;
    for (const replacement of replacements) {
      pieces.push(bytes.subarray(position - base, replacement.start - base), replacement.bytes);
      position = replacement.end;
      if (position - base === bytes.length) this.#removedCr = bytes.at(-1) === CR;
    }
    pieces.push(bytes.subarray(position - base, end - base));
    this.#held.clear();
    this.#held.append(bytes.subarray(end - base));
    this.#heldStart = end;
    return concatBytes(pieces);
  }

  #told(outcome: Pick<Translated, "body" | "failure">): Translated {
    return {
      ...outcome,
      usage: this.#tap.usage,
      model: this.#tap.model,
      notes: this.#tap.takeNotes(),
      outputBytes: this.#tap.takeOutputBytes(),
    };
  }
}

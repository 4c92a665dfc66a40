import { GatewayError } from "./errors.ts";

export interface SseEvent {
  readonly event?: string | undefined;
  readonly data: string;
}

const LF = 0x0a;
const CR = 0x0d;
const empty = new Uint8Array(0);

/**
 * Incremental decoder of server-sent events (WHATWG), with the two deviations of translation.md §3.1: an event still open
 * at the end of input is dispatched when it has data, and `[DONE]` is a terminator after which everything is ignored.
 * Chunks may be cut anywhere; only the unfinished line is kept, and no byte is looked at twice.
 */
export class SseDecoder {
  readonly #maxEventBytes: number;
  readonly #text = new TextDecoder();
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  #eventBytes = 0;
  #event: string | undefined;
  #data: string[] = [];
  #first = true;
  #afterCr = false;
  #done = false;

  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Whether `[DONE]` was seen. */
  get done(): boolean {
    return this.#done;
  }

  /**
   * The events that these bytes complete; `[DONE]` is reported through `done`, not as an event.
   * @throws GatewayError `bad_upstream_stream` when one event exceeds the limit
   */
  push(chunk: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    let lineStart = 0;
    for (let position = 0; position < chunk.length && !this.#done; position++) {
      const byte = chunk[position];
      if (this.#afterCr) {
        this.#afterCr = false;
        if (byte === LF) {
          lineStart = position + 1;
          continue;
        }
      }
      if (byte !== LF && byte !== CR) continue;
      this.#afterCr = byte === CR;
      this.#line(this.#takeLine(chunk.subarray(lineStart, position)), events);
      lineStart = position + 1;
    }
    if (!this.#done) this.#hold(chunk.subarray(lineStart));
    return events;
  }

  /** The event that the end of input completes, if any. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    if (this.#done) return events;
    const last = this.#takeLine(empty);
    if (last !== "") this.#line(last, events);
    if (!this.#done) this.#dispatch(events);
    return events;
  }

  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#count(piece.length);
    this.#pieces.push(piece.slice());
    this.#heldBytes += piece.length;
  }

  #count(bytes: number): void {
    this.#eventBytes += bytes;
    if (this.#eventBytes > this.#maxEventBytes) {
      throw new GatewayError("bad_upstream_stream", `the provider sent a stream event larger than ${this.#maxEventBytes} bytes`);
    }
  }

  #takeLine(tail: Uint8Array): string {
    this.#count(tail.length);
    let bytes = tail;
    if (this.#pieces.length > 0) {
      bytes = new Uint8Array(this.#heldBytes + tail.length);
      let offset = 0;
      for (const piece of this.#pieces) {
        bytes.set(piece, offset);
        offset += piece.length;
      }
      bytes.set(tail, offset);
      this.#pieces = [];
      this.#heldBytes = 0;
    }
    // TextDecoder strips a byte order mark from whatever it is given; only the first line may lose one
    if (!this.#first && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      return `\ufeff${this.#text.decode(bytes.subarray(3))}`;
    }
    this.#first = false;
    return this.#text.decode(bytes);
  }

  #line(line: string, events: SseEvent[]): void {
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? "" : line.slice(colon + 1);
    const value = rest.startsWith(" ") ? rest.slice(1) : rest;
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
  }

  #dispatch(events: SseEvent[]): void {
    const event = this.#event;
    const lines = this.#data;
    this.#event = undefined;
    this.#data = [];
    this.#eventBytes = 0;
    if (lines.length === 0) return;
    const data = lines.join("\n");
    if (data.trim() === "[DONE]") this.#done = true;
    else events.push(event === undefined ? { data } : { event, data });
  }
}

/** One event as text: an `event:` line if named, one `data:` line per line of the payload, a blank line. */
export function encodeSseEvent(data: string, event?: string): string {
  const lines = data.includes("\n") || data.includes("\r") ? data.split(/\r\n|\r|\n/) : [data];
  return `${event === undefined ? "" : `event: ${event}\n`}${lines.map((line) => `data: ${line}\n`).join("")}\n`;
}

export const sseDone = "data: [DONE]\n\n";

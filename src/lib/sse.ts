import { ByteBuffer } from "./byte-buffer.ts";
import { GatewayError } from "./errors.ts";

export interface SseEvent {
  readonly event?: string | undefined;
  readonly data: string;
}

/** Where an event lies, in bytes since the start of the stream: from its first field line to the end of its blank line. */
export interface SseRange {
  readonly start: number;
  readonly end: number;
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const nothing = Buffer.alloc(0);

/**
 * Incremental decoder of server-sent events (WHATWG), with the two deviations of translation.md §3.1: an event still open
 * at the end of input is dispatched when it has data, and `[DONE]` is a terminator after which everything is ignored.
 * Chunks may be cut anywhere; only the unfinished line is kept, and no byte is looked at twice.
 */
export class SseDecoder {
  readonly #maxEventBytes: number;
  /** The unfinished line. */
  readonly #held = new ByteBuffer();
  #event: string | undefined;
  #data: string[] = [];
  #eventBytes = 0;
  #eventStart = -1;
  #firstLine = true;
  #afterCr = false;
  #done = false;
  #failure: GatewayError | undefined;
  #consumed = 0;
  #settled = 0;
  #ranges: SseRange[] = [];

  /** `maxEventBytes` bounds what one event can make us hold. */
  constructor(maxEventBytes: number) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Whether `[DONE]` was seen. */
  get done(): boolean {
    return this.#done;
  }

  /** `bad_upstream_stream` once an event exceeded the limit; nothing is decoded after it. */
  get failure(): GatewayError | undefined {
    return this.#failure;
  }

  /** Where the events of the last call lie, in their order. */
  get ranges(): readonly SseRange[] {
    return this.#ranges;
  }

  /** Every byte before this offset belongs to a complete event or to none: an event may be put there. */
  get settled(): number {
    return this.#settled;
  }

  /**
   * The events that these bytes complete; `[DONE]` is reported through `done`, not as an event. Never throws: the events
   * before a fault are returned, the fault is in `failure`.
   */
  push(chunk: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    this.#ranges = [];
    if (this.#done || this.#failure !== undefined) return events;
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let lineStart = 0;
    if (this.#afterCr && bytes.length > 0) {
      this.#afterCr = false;
      if (bytes[0] === LF) {
        lineStart = 1;
        if (this.#settled === this.#consumed) this.#settled++;
      }
    }
    let lf = bytes.indexOf(LF, lineStart);
    let cr = bytes.indexOf(CR, lineStart);
    while (lf >= 0 || cr >= 0) {
      const endsWithCr = cr >= 0 && (lf < 0 || cr < lf);
      const lineEnd = endsWithCr ? cr : lf;
      const crLf = endsWithCr && lf === cr + 1;
      const next = lineEnd + (crLf ? 2 : 1);
      this.#takeLine(bytes, lineStart, lineEnd, this.#consumed + next, events);
      if (this.#done || this.#failure !== undefined) return events;
      lineStart = next;
      this.#afterCr = endsWithCr && next === bytes.length && !crLf;
      if (lf >= 0 && lf < next) lf = bytes.indexOf(LF, next);
      if (cr >= 0 && cr < next) cr = bytes.indexOf(CR, next);
    }
    this.#hold(bytes.subarray(lineStart));
    this.#consumed += bytes.length;
    return events;
  }

  /** The event that the end of input completes, if any. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    this.#ranges = [];
    if (this.#done || this.#failure !== undefined) return events;
    if (this.#held.length > 0) this.#takeLine(nothing, 0, 0, this.#consumed, events);
    if (!this.#done) this.#dispatch(this.#consumed, events);
    return events;
  }

  #hold(piece: Uint8Array): void {
    if (piece.length > 0 && !this.#exceeds(this.#held.length + piece.length)) this.#held.append(piece);
  }

  /** The same verdict however the bytes are cut: a line counts with the lines of its event before it. */
  #exceeds(lineBytes: number): boolean {
    if (this.#eventBytes + lineBytes <= this.#maxEventBytes) return false;
    this.#failure = new GatewayError(
      "bad_upstream_stream",
      `the provider sent a stream event larger than ${this.#maxEventBytes} bytes`,
    );
    return true;
  }

  /** One line: what is held and `bytes[start, end)`. `next` is the offset in the stream after its line end. */
  #takeLine(bytes: Buffer, start: number, end: number, next: number, events: SseEvent[]): void {
    if (this.#held.length === 0) {
      if (!this.#exceeds(end - start)) this.#line(bytes, start, end, this.#consumed + start, next, events);
      return;
    }
    const offset = this.#consumed - this.#held.length;
    this.#hold(bytes.subarray(start, end));
    if (this.#failure !== undefined) return;
    const line = this.#held.view();
    this.#line(line, 0, line.length, offset, next, events);
    this.#held.clear();
  }

  #line(bytes: Buffer, lineStart: number, end: number, offset: number, next: number, events: SseEvent[]): void {
    let start = lineStart;
    if (this.#firstLine) {
      this.#firstLine = false;
      if (end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf)
        start += 3;
    }
    if (start === end) {
      this.#dispatch(next, events);
      return;
    }
    const value = fieldValue(bytes, start, end, "data");
    const name = value === undefined ? fieldValue(bytes, start, end, "event") : undefined;
    if (value !== undefined) this.#data.push(value);
    else if (name !== undefined) this.#event = name;
    else if (this.#eventStart < 0) {
      this.#settled = next;
      return;
    }
    if (this.#eventStart < 0) this.#eventStart = offset;
    this.#eventBytes += end - start + 1;
  }

  #dispatch(next: number, events: SseEvent[]): void {
    const event = this.#event;
    const lines = this.#data;
    const start = this.#eventStart;
    this.#event = undefined;
    this.#eventStart = -1;
    this.#eventBytes = 0;
    this.#settled = next;
    if (lines.length === 0) return;
    this.#data = [];
    const data = lines.length === 1 && lines[0] !== undefined ? lines[0] : lines.join("\n");
    if (data.trim() === "[DONE]") {
      this.#done = true;
      return;
    }
    events.push(event === undefined ? { data } : { event, data });
    this.#ranges.push({ start, end: next });
  }
}

/** The value of the field in `bytes[start, end)` when its name is `name`; one space after the colon is not part of it. */
function fieldValue(bytes: Buffer, start: number, end: number, name: string): string | undefined {
  const nameEnd = start + name.length;
  if (nameEnd > end) return undefined;
  for (let index = 0; index < name.length; index++) {
    if (bytes[start + index] !== name.charCodeAt(index)) return undefined;
  }
  if (nameEnd === end) return "";
  if (bytes[nameEnd] !== COLON) return undefined;
  return bytes.toString("utf8", bytes[nameEnd + 1] === SPACE && nameEnd + 1 < end ? nameEnd + 2 : nameEnd + 1, end);
}

/** One event as text: an `event:` line if named, one `data:` line per line of the payload, a blank line. */
export function encodeSseEvent(data: string, event?: string): string {
  const lines = data.includes("\n") || data.includes("\r") ? data.split(/\r\n|\r|\n/) : [data];
  return `${event === undefined ? "" : `event: ${event}\n`}${lines.map((line) => `data: ${line}\n`).join("")}\n`;
}

export const sseDone = "data: [DONE]\n\n";

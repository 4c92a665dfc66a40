import { ByteBuffer } from "./byte-buffer.ts";
import { crc32 } from "./crc32.ts";
import { GatewayError } from "./errors.ts";

/** What one frame of an AWS event stream says, by its `:message-type` (translation.md §3.3). */
export type AwsStreamMessage =
  /** `type`: its `:event-type`. */
  | { readonly kind: "event"; readonly type: string; readonly payload: Uint8Array }
  /** `type`: its `:exception-type`. */
  | { readonly kind: "exception"; readonly type: string; readonly payload: Uint8Array }
  /** `code` and `message`: its `:error-code` and `:error-message`. */
  | { readonly kind: "error"; readonly code: string; readonly message: string };

/** Total length, headers length, and the checksum of these two. */
const preludeBytes = 12;
const checksumBytes = 4;
const smallestFrame = preludeBytes + checksumBytes;

/**
 * Incremental decoder of AWS event streams. Chunks may be cut anywhere; only the unfinished frame is held, as far as it came,
 * so that a length that is announced costs nothing (R48). Never throws: the messages before a fault are returned, the fault
 * is in `failure`, and nothing is decoded after it (R46).
 */
export class AwsEventStreamDecoder {
  readonly #maxFrameBytes: number;
  readonly #held = new ByteBuffer();
  /** Where the frame that is held ends; undefined until its prelude is complete. */
  #frameBytes: number | undefined;
  #failure: GatewayError | undefined;

  /** `maxFrameBytes` bounds what one frame can make us hold. */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** `bad_upstream_stream` once the stream is corrupt. */
  get failure(): GatewayError | undefined {
    return this.#failure;
  }

  /** The messages that these bytes complete. */
  push(chunk: Uint8Array): AwsStreamMessage[] {
    const messages: AwsStreamMessage[] = [];
    let at = 0;
    while (at < chunk.length && this.#failure === undefined) {
      const wanted = (this.#frameBytes ?? preludeBytes) - this.#held.length;
      const piece = chunk.subarray(at, at + wanted);
      this.#held.append(piece);
      at += piece.length;
      if (piece.length < wanted) break;
      const frame = this.#held.view();
      if (this.#frameBytes === undefined) {
        this.#frameBytes = this.#readPrelude(frame);
      } else {
        const message = this.#readFrame(frame);
        if (message !== undefined) messages.push(message);
        this.#held.clear();
        this.#frameBytes = undefined;
      }
    }
    return messages;
  }

  /** The input ended: a frame that is not complete is a fault. */
  end(): void {
    if (this.#failure === undefined && this.#held.length > 0) this.#corrupt("ended in the middle of a frame");
  }

  #readPrelude(prelude: Buffer): number {
    const total = prelude.readUInt32BE(0);
    const headers = prelude.readUInt32BE(4);
    // the checksum first: without it the lengths mean nothing
    if (prelude.readUInt32BE(8) !== crc32(prelude.subarray(0, 8))) this.#corrupt("has a frame with a wrong checksum");
    else if (total < smallestFrame || headers > total - smallestFrame)
      this.#corrupt("has a frame of impossible lengths");
    else if (total > this.#maxFrameBytes) this.#corrupt(`has a frame larger than ${this.#maxFrameBytes} bytes`);
    return total;
  }

  #readFrame(frame: Buffer): AwsStreamMessage | undefined {
    const end = frame.length - checksumBytes;
    if (frame.readUInt32BE(end) !== crc32(frame.subarray(0, end))) {
      return this.#corrupt("has a frame with a wrong checksum");
    }
    const headersEnd = preludeBytes + frame.readUInt32BE(4);
    const headers = readHeaders(frame.subarray(preludeBytes, headersEnd));
    if (headers === undefined) return this.#corrupt("has a frame with headers that cannot be read");
    // a copy: what is held is written over by the next frame
    const payload = new Uint8Array(frame.subarray(headersEnd, end));
    switch (headers.get(":message-type")) {
      case "event":
        return { kind: "event", type: headers.get(":event-type") ?? "", payload };
      case "exception":
        return { kind: "exception", type: headers.get(":exception-type") ?? "", payload };
      case "error":
        return {
          kind: "error",
          code: headers.get(":error-code") ?? "",
          message: headers.get(":error-message") ?? "",
        };
      default:
        return this.#corrupt("has a frame of unknown type");
    }
  }

  #corrupt(how: string): undefined {
    this.#failure = new GatewayError("bad_upstream_stream", `the provider's stream is corrupt: it ${how}`);
    this.#held.clear();
  }
}

/** Bytes of a value after its type byte, by type; strings and byte strings tell their own length. */
const valueBytes: readonly (number | "told")[] = [0, 0, 1, 2, 4, 8, "told", "told", 8, 16];
const stringType = 7;

/** The string headers; undefined when the block does not read to its end. */
function readHeaders(block: Buffer): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < block.length) {
    const nameStart = at + 1;
    const nameEnd = nameStart + (block[at] ?? 0);
    const type = block[nameEnd];
    const fixed = valueBytes[type ?? valueBytes.length];
    if (fixed === undefined || (fixed === "told" && nameEnd + 3 > block.length)) return undefined;
    const valueStart = nameEnd + (fixed === "told" ? 3 : 1);
    const valueEnd = valueStart + (fixed === "told" ? block.readUInt16BE(nameEnd + 1) : fixed);
    if (valueEnd > block.length) return undefined;
    if (type === stringType) {
      headers.set(block.toString("utf8", nameStart, nameEnd), block.toString("utf8", valueStart, valueEnd));
    }
    at = valueEnd;
  }
  return headers;
}

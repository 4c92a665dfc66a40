import { ConnectionError, errorCode } from "./errors.ts";
import { defaultMaxFrameBytes, type Frame, frameHeadBytes } from "./frames.ts";

/**
 * Cuts what a peer sends into frames. A frame that lies whole in one chunk is handed over as a view into it; one that does not is
 * put together in a buffer of its own, so that no byte is copied twice.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  readonly #head = Buffer.alloc(frameHeadBytes);
  #headFilled = 0;
  /** The frame whose payload is still coming. */
  #partial: Frame | undefined;
  #payloadFilled = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** @throws ConnectionError for a frame that is too large, and whatever `onFrame` throws; nothing can be read after that */
  read(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#partial !== undefined) {
        offset += this.#fillPayload(this.#partial, chunk, offset);
        continue;
      }
      let head = chunk;
      let headOffset = offset;
      if (this.#headFilled > 0 || chunk.length - offset < frameHeadBytes) {
        const copied = chunk.copy(this.#head, this.#headFilled, offset);
        this.#headFilled += copied;
        offset += copied;
        if (this.#headFilled < frameHeadBytes) return;
        this.#headFilled = 0;
        head = this.#head;
        headOffset = 0;
      } else {
        offset += frameHeadBytes;
      }
      const length = head.readUIntBE(headOffset, 3);
      if (length > defaultMaxFrameBytes)
        throw new ConnectionError(errorCode.frameSize, `a frame of ${length} bytes is larger than allowed`);
      const whole = chunk.length - offset >= length;
      const frame = {
        type: head[headOffset + 3] ?? 0,
        flags: head[headOffset + 4] ?? 0,
        streamId: head.readUInt32BE(headOffset + 5) & 0x7fff_ffff,
        payload: whole ? chunk.subarray(offset, offset + length) : Buffer.allocUnsafeSlow(length),
      };
      if (whole) {
        offset += length;
        this.#onFrame(frame);
      } else {
        this.#partial = frame;
        this.#payloadFilled = 0;
      }
    }
  }

  /** Bytes taken. */
  #fillPayload(frame: Frame, chunk: Buffer, offset: number): number {
    const copied = chunk.copy(frame.payload, this.#payloadFilled, offset);
    this.#payloadFilled += copied;
    if (this.#payloadFilled === frame.payload.length) {
      this.#partial = undefined;
      this.#onFrame(frame);
    }
    return copied;
  }
}

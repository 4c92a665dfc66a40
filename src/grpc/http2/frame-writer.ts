import { frameHeadBytes, frameType } from "./frames.ts";

/** Payloads up to this size are copied beside their frame's head; larger ones are passed on as they are. */
const copiedBytes = 4_096;
const slabBytes = 32_768;

/** Collects frames until they are taken all at once. */
export class FrameWriter {
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  /** What lies between these in the slab is collected and in no chunk yet. */
  #from = 0;
  #to = 0;
  #chunks: Buffer[] = [];
  #pendingBytes = 0;

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  head(length: number, type: number, flags: number, streamId: number): void {
    const at = this.#reserve(frameHeadBytes);
    const slab = this.#slab;
    slab[at] = length >>> 16;
    slab[at + 1] = length >>> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    slab[at + 5] = streamId >>> 24;
    slab[at + 6] = streamId >>> 16;
    slab[at + 7] = streamId >>> 8;
    slab[at + 8] = streamId;
  }

  /** Not to be changed by the caller until it is sent. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length <= copiedBytes) {
      const at = this.#reserve(bytes.length);
      this.#slab.set(bytes, at);
      return;
    }
    this.#cut();
    this.#chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#pendingBytes += bytes.length;
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#slab.writeUInt32BE(value, at);
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.head(payload.length, type, flags, streamId);
    this.bytes(payload);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.head(4, frameType.windowUpdate, 0, streamId);
    this.uint32(increment);
  }

  rstStream(streamId: number, code: number): void {
    this.head(4, frameType.rstStream, 0, streamId);
    this.uint32(code);
  }

  goaway(lastStreamId: number, code: number): void {
    this.head(8, frameType.goaway, 0, 0);
    this.uint32(lastStreamId);
    this.uint32(code);
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.head(settings.length * 6, frameType.settings, 0, 0);
    for (const [id, value] of settings) {
      const at = this.#reserve(6);
      this.#slab.writeUInt16BE(id, at);
      this.#slab.writeUInt32BE(value, at + 2);
    }
  }

  /** All that was collected, in order. */
  take(): readonly Buffer[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#pendingBytes = 0;
    return chunks;
  }

  #cut(): void {
    if (this.#to > this.#from) this.#chunks.push(this.#slab.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  /** Where in the slab so many bytes may be written. A slab is never written twice: its parts may still be on their way. */
  #reserve(length: number): number {
    if (this.#to + length > this.#slab.length) {
      this.#cut();
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#from = 0;
      this.#to = 0;
    }
    const at = this.#to;
    this.#to += length;
    this.#pendingBytes += length;
    return at;
  }
}

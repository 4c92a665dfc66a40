const smallest = 4096;
const keptWhenCleared = 1024 * 1024;

/** Bytes that grow at the end, by doubling: appending byte by byte costs linear time and one allocation at a time. */
export class ByteBuffer {
  #bytes = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(smallest, needed, this.#bytes.length * 2));
      larger.set(this.view());
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = needed;
  }

  /** The bytes themselves, good until the next call of another method. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of the bytes, which are forgotten. */
  take(): Uint8Array {
    const copy = new Uint8Array(this.view());
    this.clear();
    return copy;
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > keptWhenCleared) this.#bytes = Buffer.alloc(0);
  }
}

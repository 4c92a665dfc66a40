import type { BufferedBytes } from "./buffered-bytes.ts";
import { CallError, statusCode } from "./status.ts";

const prefixBytes = 5;

/** Up to here the memory for a message is taken at once; that of larger ones grows with what has come of them. */
const firstBytes = 65_536;

const nothing: Buffer = Buffer.alloc(0);

/**
 * Cuts a request's body into gRPC messages. A message that lies whole in one piece is handed over as a view into it; others are put
 * together in memory that counts against `buffered` until they are complete.
 */
export class MessageReader {
  readonly #maxMessageBytes: number;
  readonly #buffered: BufferedBytes;
  readonly #onMessage: (message: Buffer) => void;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixFilled = 0;
  /** The message that is still coming: its length, its memory, and how much of it is there. */
  #length: number | undefined;
  #memory = nothing;
  #filled = 0;
  #isClosed = false;

  constructor(maxMessageBytes: number, buffered: BufferedBytes, onMessage: (message: Buffer) => void) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#buffered = buffered;
    this.#onMessage = onMessage;
  }

  /** Whether a message has begun and is not complete. */
  get isInside(): boolean {
    return this.#length !== undefined || this.#prefixFilled > 0;
  }

  /** @throws CallError for a message that is compressed, too large or more than there is memory for; nothing can be read after that */
  read(piece: Buffer): void {
    let offset = 0;
    while (offset < piece.length && !this.#isClosed) {
      if (this.#length !== undefined) {
        offset += this.#fill(this.#length, piece, offset);
        continue;
      }
      let length: number;
      if (this.#prefixFilled > 0 || piece.length - offset < prefixBytes) {
        const copied = piece.copy(this.#prefix, this.#prefixFilled, offset);
        this.#prefixFilled += copied;
        offset += copied;
        if (this.#prefixFilled < prefixBytes) return;
        this.#prefixFilled = 0;
        length = this.#lengthOf(this.#prefix, 0);
      } else {
        length = this.#lengthOf(piece, offset);
        offset += prefixBytes;
      }
      if (piece.length - offset >= length) {
        offset += length;
        this.#onMessage(piece.subarray(offset - length, offset));
      } else {
        this.#length = length;
        this.#filled = 0;
        this.#grow(Math.min(length, firstBytes));
      }
    }
  }

  /** Nothing more is read. */
  close(): void {
    this.#isClosed = true;
    this.#prefixFilled = 0;
    this.#forget();
  }

  #forget(): void {
    this.#buffered.give(this.#memory.length);
    this.#memory = nothing;
    this.#length = undefined;
  }

  #lengthOf(bytes: Buffer, offset: number): number {
    const flag = bytes[offset];
    if (flag === 1) throw new CallError(statusCode.unimplemented, "compressed messages are not read");
    if (flag !== 0) throw new CallError(statusCode.internal, "a message does not begin as it must");
    const length = bytes.readUInt32BE(offset + 1);
    if (length > this.#maxMessageBytes)
      throw new CallError(
        statusCode.resourceExhausted,
        `a message of ${length} bytes is larger than ${this.#maxMessageBytes}`,
      );
    return length;
  }

  /** Bytes taken. */
  #fill(length: number, piece: Buffer, offset: number): number {
    const taken = Math.min(length - this.#filled, piece.length - offset);
    if (this.#filled + taken > this.#memory.length)
      this.#grow(Math.min(length, Math.max(this.#filled + taken, this.#memory.length * 2)));
    piece.copy(this.#memory, this.#filled, offset, offset + taken);
    this.#filled += taken;
    if (this.#filled === length) {
      const message = this.#memory;
      this.#forget();
      this.#onMessage(message);
    }
    return taken;
  }

  #grow(bytes: number): void {
    if (!this.#buffered.take(bytes - this.#memory.length))
      throw new CallError(statusCode.resourceExhausted, "too many large requests at once");
    // not from the pool: the message may live as long as its request
    const memory = Buffer.allocUnsafeSlow(bytes);
    this.#memory.copy(memory, 0, 0, this.#filled);
    this.#memory = memory;
  }
}

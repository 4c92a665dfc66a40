/** Kinds of fields on the wire. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Messages in messages in messages …: more than this is no message of anybody's. */
const deepest = 100;

function broken(message: string): Error {
  return new Error(`a protobuf message is broken: ${message}`);
}

/**
 * Reads protobuf messages field by field, without descriptors:
 * `for (let tag = reader.next(); tag !== 0; tag = reader.next()) switch (tag) { case 0x0a: … default: reader.skip(tag) }`,
 * a tag being field number << 3 | wire type. Every method throws an Error when the bytes are not what it reads.
 */
export class ProtoReader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#end = bytes.length;
  }

  /** The next field's tag; 0 at the end of the message. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.uint();
    if (tag < 8) throw broken("a field without a number");
    return tag;
  }

  /** Enters a message that is a field of this one. `leave` is to be called with what is returned, when `next` has said 0. */
  enter(): number {
    const end = this.#length();
    const outer = this.#end;
    if (++this.#depth > deepest) throw broken("too many messages in one another");
    this.#end = end;
    return outer;
  }

  leave(outer: number): void {
    this.#depth--;
    this.#end = outer;
  }

  /** As a number: exact up to 2^53. */
  uint(): number {
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80, count = 1; count < 10; count++, scale *= 0x80) {
      byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw broken("a number has too many bytes");
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  double(): number {
    this.#move(8);
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  /** What is no UTF-8 becomes U+FFFD; a byte order mark stays. */
  string(): string {
    const end = this.#length();
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end;
    return text;
  }

  /** A view: copy what is to be kept for long. */
  bytes(): Buffer {
    const end = this.#length();
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        this.uint();
        break;
      case wireType.fixed64:
        this.#move(8);
        break;
      case wireType.bytes:
        this.#at = this.#length();
        break;
      case wireType.fixed32:
        this.#move(4);
        break;
      default:
        throw broken(`a field of the unknown kind ${tag & 7}`);
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw broken("it ends in the middle of a field");
    return this.#bytes[this.#at++] ?? 0;
  }

  #move(count: number): void {
    this.#at += count;
    if (this.#at > this.#end) throw broken("it ends in the middle of a field");
  }

  /** Where the field of bytes that begins here ends. */
  #length(): number {
    const length = this.uint();
    const end = this.#at + length;
    if (end > this.#end) throw broken("a field is longer than its message");
    return end;
  }
}

import { ConnectionError, errorCode } from "./errors.ts";
import { type HeaderField, headerField } from "./header-field.ts";
import { decodeHuffman } from "./huffman.ts";
import { staticTable } from "./static-table.ts";

/** What we allow the peer's encoder, and what it starts with: we never announce another size. */
const allowedTableBytes = 4_096;

/** Larger numbers are no lengths or indices that could be meant. */
const largestInteger = 0x0fff_ffff;

function broken(message: string): ConnectionError {
  return new ConnectionError(errorCode.compression, message);
}

/** Decodes header blocks (RFC 7541). Its table belongs to one connection and must see every block, in order. */
export class HpackDecoder {
  /** The newest entry last. */
  readonly #table: HeaderField[] = [];
  #tableBytes = 0;
  #maxTableBytes = allowedTableBytes;
  #block: Buffer = Buffer.alloc(0);
  #offset = 0;

  /** @throws ConnectionError COMPRESSION_ERROR; what was visited before is then of no use */
  decode(block: Buffer, visit: (field: HeaderField) => void): void {
    this.#block = block;
    this.#offset = 0;
    let fields = 0;
    while (this.#offset < block.length) {
      const first = block[this.#offset] ?? 0;
      if (first >= 0x80) {
        visit(this.#field(this.#integer(0x7f)));
      } else if (first >= 0x40) {
        const field = this.#literal(0x3f);
        this.#remember(field);
        visit(field);
      } else if (first >= 0x20) {
        if (fields > 0) throw broken("a table size update stands behind a field");
        this.#resize(this.#integer(0x1f));
        continue;
      } else {
        visit(this.#literal(0x0f));
      }
      fields++;
    }
  }

  #field(index: number): HeaderField {
    const field = staticTable[index - 1] ?? this.#table[this.#table.length - (index - staticTable.length)];
    if (field === undefined) throw broken(`no field has the index ${index}`);
    return field;
  }

  #literal(mask: number): HeaderField {
    const index = this.#integer(mask);
    const name = index === 0 ? this.#string() : this.#field(index).name;
    return headerField(name, this.#string());
  }

  /** A prefix of the current byte's low bits, and the bytes that follow when it is full. */
  #integer(mask: number): number {
    const prefix = this.#byte() & mask;
    if (prefix < mask) return prefix;
    let value = mask;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      if (shift > 28) throw broken("an integer has too many bytes");
      value += (byte & 0x7f) * 2 ** shift;
      if (value > largestInteger) throw broken("an integer is too large");
      if (byte < 0x80) return value;
    }
  }

  #byte(): number {
    const byte = this.#block[this.#offset++];
    if (byte === undefined) throw broken("a header block ends in the middle of a field");
    return byte;
  }

  #string(): string {
    const huffman = (this.#block[this.#offset] ?? 0) >= 0x80;
    const length = this.#integer(0x7f);
    const end = this.#offset + length;
    if (end > this.#block.length) throw broken("a header block ends in the middle of a string");
    const text = huffman
      ? decodeHuffman(this.#block.subarray(this.#offset, end)).toString("latin1")
      : this.#block.toString("latin1", this.#offset, end);
    this.#offset = end;
    return text;
  }

  #remember(field: HeaderField): void {
    this.#tableBytes += field.size;
    this.#table.push(field);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > allowedTableBytes) throw broken(`a table of ${bytes} bytes is larger than allowed`);
    this.#maxTableBytes = bytes;
    this.#evict();
  }

  /** A field that is larger than the whole table empties it: that is no error. */
  #evict(): void {
    let evicted = 0;
    while (this.#tableBytes > this.#maxTableBytes) this.#tableBytes -= this.#table[evicted++]?.size ?? 0;
    if (evicted > 0) this.#table.splice(0, evicted);
  }
}

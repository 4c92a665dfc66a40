import { wireType } from "./reader.ts";

const slabBytes = 65_536;
/** Strings up to here are cheaper to write in JavaScript. */
const shortString = 40;

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) bytes++;
  return bytes;
}

/** Writes protobuf messages field by field. One writer makes one message after the other: `finish` hands each over and begins anew. */
export class ProtoWriter {
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  #from = 0;
  #at = 0;
  /** Where the contents of the open messages begin, and how many bytes were left for their lengths. */
  readonly #begun: number[] = [];

  /** The message. Its memory is not written again. */
  finish(): Buffer {
    if (this.#begun.length > 0) throw new Error("a message was begun and not ended");
    const message = this.#slab.subarray(this.#from, this.#at);
    this.#from = this.#at;
    return message;
  }

  /** Forgets what was written since the last `finish`: for whoever failed in the middle. */
  discard(): void {
    this.#at = this.#from;
    this.#begun.length = 0;
  }

  /** Begins a message that is a field of this one. With about the right size nothing has to be moved at its end. */
  begin(field: number, likelyBytes = 0): void {
    this.#tag(field, wireType.bytes);
    const width = varintBytes(likelyBytes);
    this.#reserve(width);
    this.#at += width;
    this.#begun.push(this.#at - this.#from, width);
  }

  end(): void {
    const left = this.#begun.pop() ?? 0;
    const start = this.#from + (this.#begun.pop() ?? 0);
    this.#close(start, left);
  }

  /** An integer of any type but the zigzag ones. */
  uint(field: number, value: number): void {
    this.#tag(field, wireType.varint);
    if (value >= 0) this.#varint(value);
    else this.#negative(value);
  }

  bool(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#tag(field, wireType.fixed64);
    this.#reserve(8);
    this.#at = this.#slab.writeDoubleLE(value, this.#at);
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#tag(field, wireType.bytes);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  string(field: number, text: string): void {
    this.#tag(field, wireType.bytes);
    const { length } = text;
    const width = varintBytes(length);
    this.#reserve(width + length * 3);
    const start = this.#at + width;
    this.#at = start + (length <= shortString ? this.#short(text, start) : this.#slab.write(text, start, "utf8"));
    this.#close(start, width);
  }

  /** Bytes written. */
  #short(text: string, start: number): number {
    const slab = this.#slab;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return slab.write(text, start, "utf8");
      slab[start + index] = code;
    }
    return text.length;
  }

  /** Writes the length of what stands from `start` to here in front of it, where `width` bytes were left for it. */
  #close(start: number, width: number): void {
    const length = this.#at - start;
    const needed = varintBytes(length);
    // ten: so that writing the length finds room too, and moves nothing
    this.#reserve(10 + needed);
    const begin = this.#at - length;
    if (needed !== width) {
      this.#slab.copyWithin(begin + needed - width, begin, this.#at);
      this.#at += needed - width;
    }
    const end = this.#at;
    this.#at = begin - width;
    this.#varint(length);
    this.#at = end;
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#slab[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#slab[this.#at++] = rest;
  }

  /** As every negative integer, with 64 bits. */
  #negative(value: number): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
    for (; rest >= 0x80n; rest >>= 7n) this.#slab[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#slab[this.#at++] = Number(rest);
  }

  /** Room for so many bytes more; what is written of this message moves to a new slab when there is none. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return;
    const written = this.#at - this.#from;
    const slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, (written + bytes) * 2));
    this.#slab.copy(slab, 0, this.#from, this.#at);
    this.#slab = slab;
    this.#from = 0;
    this.#at = written;
  }
}

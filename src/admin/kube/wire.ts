/** One field of a protobuf message: a number for varints, bytes for everything with a length. */
interface WireField {
  readonly number: number;
  readonly value: number | Buffer;
}

export class WireError extends Error {}

class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Of at most 53 bits; what is larger has no use in the messages that are read here. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || scale > 2 ** 63) throw new WireError("a number is cut off");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new WireError("a field is cut off");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** The fields of a message in their order. @throws WireError */
export function readFields(bytes: Buffer): readonly WireField[] {
  const reader = new WireReader(bytes);
  const fields: WireField[] = [];
  while (!reader.done) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) fields.push({ number, value: reader.varint() });
    else if (wireType === 2) fields.push({ number, value: reader.take(reader.varint()) });
    else if (wireType === 1) reader.take(8);
    else if (wireType === 5) reader.take(4);
    else throw new WireError(`a field has the unknown wire type ${wireType}`);
  }
  return fields;
}

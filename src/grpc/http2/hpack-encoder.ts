import { staticTable } from "./static-table.ts";

/**
 * Encodes a header block without a dynamic table and without Huffman: what we send are a few short fields, the same block every
 * time, so that it is encoded once and its bytes are used by all connections.
 */
export function encodeHeaders(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => encodeField(name, value)));
}

/** Says that the encoder's dynamic table is empty; a peer that allows a smaller table may insist on hearing so. */
export const emptyTableUpdate = Buffer.from([0x20]);

function encodeField(name: string, value: string): Buffer {
  const whole = staticTable.findIndex((field) => field.name === name && field.value === value);
  if (whole >= 0) return integer(0x80, 0x7f, whole + 1);
  const named = staticTable.findIndex((field) => field.name === name);
  return named >= 0
    ? Buffer.concat([integer(0x00, 0x0f, named + 1), string(value)])
    : Buffer.concat([Buffer.from([0x00]), string(name), string(value)]);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([integer(0x00, 0x7f, bytes.length), bytes]);
}

function integer(pattern: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.from([pattern | value]);
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

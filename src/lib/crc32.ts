import * as zlib from "node:zlib";

const polynomial = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? polynomial : 0);
  return value;
});

/** Several times slower than the native one. */
export function portableCrc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  // an index is several times as fast as the iterator here
  for (let at = 0; at < bytes.length; at++) value = (value >>> 8) ^ (table[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return (value ^ 0xffffffff) >>> 0;
}

/** Came to Node after 20.0. */
const native = (zlib as { readonly crc32?: (bytes: Uint8Array) => number }).crc32;

/** CRC-32/ISO-HDLC, as gzip and AWS event streams use it. */
export const crc32: (bytes: Uint8Array) => number = native ?? portableCrc32;

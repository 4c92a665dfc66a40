import { ConnectionError, errorCode } from "./errors.ts";

/**
 * Lengths in bits of the codes of the bytes 0–255 (RFC 7541 appendix B). The code is canonical: codes grow with their length, and
 * with the byte among those of one length, so the lengths say everything. The code that is left over, 30 ones, is the end of string.
 */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
];

const shortest = 5;
const longest = 30;

/** Bytes in the order of their codes. */
const symbols = new Uint8Array(256);
/** For each length, the first code of that length, how many there are, and where their bytes begin in `symbols`. */
const firstCode = new Uint32Array(longest + 1);
const codesOfLength = new Uint32Array(longest + 1);
const firstSymbol = new Uint32Array(longest + 1);
/** By the next eight bits: length << 8 | byte when a code of at most eight bits begins there, else 0. */
const byEightBits = new Uint16Array(256);

let nextCode = 0;
let placed = 0;
for (let length = 1; length <= longest; length++) {
  nextCode *= 2;
  firstCode[length] = nextCode;
  firstSymbol[length] = placed;
  for (const [byte, ofByte] of codeLengths.entries()) {
    if (ofByte !== length) continue;
    symbols[placed++] = byte;
    if (length <= 8) {
      const from = nextCode << (8 - length);
      byEightBits.fill((length << 8) | byte, from, from + (1 << (8 - length)));
    }
    nextCode++;
  }
  codesOfLength[length] = placed - (firstSymbol[length] ?? 0);
}

/**
 * The bytes of a Huffman-coded string.
 * @throws ConnectionError when it holds the end of string, or its padding is longer than seven bits or not all ones
 */
export function decodeHuffman(coded: Uint8Array): Buffer {
  const decoded = Buffer.allocUnsafe(Math.floor((coded.length * 8) / shortest));
  let length = 0;
  /** Bits that were read and not used, at most 30. */
  let bits = 0;
  let count = 0;
  let next = 0;
  for (;;) {
    while (count <= 22 && next < coded.length) {
      bits = (bits << 8) | (coded[next++] ?? 0);
      count += 8;
    }
    if (count === 0) break;
    // bits beyond the end look like padding
    const eight = count >= 8 ? bits >>> (count - 8) : (bits << (8 - count)) | (0xff >> count);
    const short = byEightBits[eight] ?? 0;
    if (short !== 0 && short >> 8 <= count) {
      decoded[length++] = short & 0xff;
      count -= short >> 8;
      bits &= (1 << count) - 1;
      continue;
    }
    // a code may be longer than what is there: arithmetic instead of shifts, because it is up to 38 bits then
    const more = next < coded.length;
    const wide = more ? bits * 256 + (coded[next] ?? 0) : bits;
    const wideCount = more ? count + 8 : count;
    const used = longCode(wide, wideCount);
    if (used === undefined) {
      if (!more && count < 8 && bits === (1 << count) - 1) break;
      throw new ConnectionError(errorCode.compression, "a Huffman-coded string does not end as it must");
    }
    decoded[length++] = used.byte;
    if (more) next++;
    count = wideCount - used.bits;
    bits = wide % 2 ** count;
  }
  return decoded.subarray(0, length);
}

/** The code of nine bits or more at the beginning of so many bits. */
function longCode(bits: number, count: number): { readonly bits: number; readonly byte: number } | undefined {
  for (let size = 9; size <= Math.min(longest, count); size++) {
    const index = Math.floor(bits / 2 ** (count - size)) - (firstCode[size] ?? 0);
    if (index >= 0 && index < (codesOfLength[size] ?? 0))
      return { bits: size, byte: symbols[(firstSymbol[size] ?? 0) + index] ?? 0 };
  }
  return undefined;
}

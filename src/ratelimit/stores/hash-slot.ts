/** How many slots a Redis Cluster has. */
export const slotCount = 16_384;

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

/** The slot of a key: of what stands in its first pair of braces, if anything does (Redis Cluster specification, hash tags). */
export function hashSlot(key: string): number {
  const open = key.indexOf("{");
  const close = open === -1 ? -1 : key.indexOf("}", open + 1);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  return crc16(Buffer.from(hashed)) % slotCount;
}

const tags = new Map<number, string>();
let tried = 0;

/** A short hash tag, without braces, whose keys lie in that slot. Found by trying, and kept. */
export function tagOfSlot(slot: number): string {
  for (;;) {
    const known = tags.get(slot);
    if (known !== undefined) return known;
    const candidate = (tried++).toString(36);
    const found = hashSlot(candidate);
    if (!tags.has(found)) tags.set(found, candidate);
  }
}

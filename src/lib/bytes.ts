const encoder = new TextEncoder();

export const noBytes: Uint8Array = new Uint8Array(0);

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0];
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const all = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.length;
  }
  return all;
}

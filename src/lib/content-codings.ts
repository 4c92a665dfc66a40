import zlib from "node:zlib";

/** What became of a compressed body. */
export type Decoded =
  | { readonly kind: "decoded"; readonly bytes: Uint8Array }
  | { readonly kind: "unknown"; readonly coding: string }
  | { readonly kind: "too_large" }
  | { readonly kind: "broken"; readonly cause: unknown };

type Decompress = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

const decompressors: ReadonlyMap<string, Decompress | undefined> = new Map<string, Decompress | undefined>([
  ["gzip", zlib.gunzipSync],
  ["br", zlib.brotliDecompressSync],
  ["deflate", inflate],
  // only newer runtimes have it
  ["zstd", (zlib as unknown as { readonly zstdDecompressSync?: Decompress }).zstdDecompressSync],
]);

/** The codings of a `content-encoding` header in the order they were applied, in lower case, without `identity`. */
export function contentCodings(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity")
    .map((coding) => (coding === "x-gzip" ? "gzip" : coding));
}

/** Undoes the codings of a complete body, the last one first; no step may give more than `maxBytes`. */
export function decodeContent(body: Uint8Array, codings: readonly string[], maxBytes: number): Decoded {
  let bytes = body;
  for (const coding of codings.toReversed()) {
    const decompress = decompressors.get(coding);
    if (decompress === undefined) return { kind: "unknown", coding };
    try {
      bytes = decompress(bytes, { maxOutputLength: maxBytes });
    } catch (cause) {
      const code = (cause as { readonly code?: unknown } | undefined)?.code;
      return code === "ERR_BUFFER_TOO_LARGE" ? { kind: "too_large" } : { kind: "broken", cause };
    }
  }
  return { kind: "decoded", bytes };
}

/** `deflate` means the zlib wrapper, but some senders leave it out. */
function inflate(bytes: Uint8Array, options: { readonly maxOutputLength: number }): Uint8Array {
  return hasZlibHeader(bytes) ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options);
}

/** Whether two bytes or more begin a zlib wrapper (RFC 1950). */
export function hasZlibHeader(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

import { noBytes } from "../../lib/bytes.ts";
import { contentCodings, decodeContent } from "../../lib/content-codings.ts";
import { GatewayError } from "../../lib/errors.ts";
import { DeflateDecoder, GzipDecoder, type StreamDecoder } from "./inflate-stream.ts";

/** What one compressed answer may grow to. */
const maxDecodedBytes = 64 * 1024 * 1024;

/**
 * The complete body of a provider's answer without its `content-encoding` (translation.md §3.4).
 * @throws GatewayError `unsupported_upstream_encoding`, `bad_upstream_json` when it is broken or too large (R53)
 */
export function decodeBuffered(body: Uint8Array, contentEncoding: string | undefined): Uint8Array {
  const decoded = decodeContent(body, contentCodings(contentEncoding), maxDecodedBytes);
  if (decoded.kind === "decoded") return decoded.bytes;
  if (decoded.kind === "unknown") throw unsupported(decoded.coding);
  if (decoded.kind === "too_large") {
    throw new GatewayError("bad_upstream_json", `the provider's answer is larger than ${maxDecodedBytes} bytes`);
  }
  throw new GatewayError("bad_upstream_json", "the provider's answer could not be decompressed", {
    cause: decoded.cause,
  });
}

const identity: StreamDecoder = { push: (chunk) => chunk, end: () => noBytes };

/** Whether bodies with this header travel as they are. */
export function isIdentity(contentEncoding: string | undefined): boolean {
  return contentCodings(contentEncoding).length === 0;
}

/**
 * A decoder for the stream that a provider sends with this header. Providers are asked for `identity` (R33), so only the
 * common codings are understood: gzip and deflate.
 * @throws GatewayError `unsupported_upstream_encoding`
 */
export function makeStreamDecoder(contentEncoding: string | undefined): StreamDecoder {
  const [coding, ...others] = contentCodings(contentEncoding);
  if (coding === undefined) return identity;
  if (others.length > 0 || (coding !== "gzip" && coding !== "deflate"))
    throw unsupported(contentCodings(contentEncoding).join(", "));
  return coding === "gzip" ? new GzipDecoder() : new DeflateDecoder();
}

function unsupported(coding: string): GatewayError {
  const shown = coding.replace(/[^a-z0-9, _-]/g, "?").slice(0, 64);
  return new GatewayError(
    "unsupported_upstream_encoding",
    `the provider answered with content-encoding ${shown}, which is not supported here`,
  );
}

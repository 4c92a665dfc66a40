import type { Headers } from "../core/headers.ts";
import { contentCodings, decodeContent } from "../lib/content-codings.ts";
import { GatewayError } from "../lib/errors.ts";
import { type JsonMember, scanObject } from "../lib/json-scanner.ts";

/** What a compressed request may grow to. */
const maxDecodedBytes = 50 * 1024 * 1024;

/**
 * The JSON text of a request: its body without `content-encoding` (translation.md §3.4). Every content type but multipart is
 * taken for JSON, because clients like curl send it as a form.
 * @throws GatewayError `json_expected`, `unsupported_content_encoding`, `request_too_large`, `invalid_json`
 */
export function requestJson(raw: Uint8Array, headers: Headers): Uint8Array {
  if (/^\s*multipart\//i.test(headers.get("content-type") ?? "")) {
    throw new GatewayError(
      "json_expected",
      "this endpoint takes a JSON body, not multipart; send content-type: application/json",
    );
  }
  const decoded = decodeContent(raw, contentCodings(headers.get("content-encoding")), maxDecodedBytes);
  switch (decoded.kind) {
    case "decoded":
      return decoded.bytes;
    case "unknown":
      throw new GatewayError(
        "unsupported_content_encoding",
        "the content-encoding of the request is not supported; send the body uncompressed or as gzip, br or deflate",
      );
    case "too_large":
      throw new GatewayError("request_too_large", `the decompressed request is larger than ${maxDecodedBytes} bytes`);
    case "broken":
      throw new GatewayError(
        "invalid_json",
        "the request body could not be decompressed as its content-encoding says",
        {
          cause: decoded.cause,
        },
      );
  }
}

/**
 * The top-level members of a request, found in one pass over its bytes.
 * @throws GatewayError `invalid_json` when it is not a JSON object
 */
export function requestMembers(json: Uint8Array): readonly JsonMember[] {
  if (json.length === 0) {
    throw new GatewayError("invalid_json", "the request body is empty; send a JSON object with `model` and `messages`");
  }
  let members: JsonMember[] | undefined;
  try {
    members = scanObject(json);
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    throw new GatewayError("invalid_json", `the request body is ${error.message}`, { cause: thrown });
  }
  if (members === undefined) throw new GatewayError("invalid_json", "the request body must be a JSON object");
  return members;
}

import { type ErrorCode, GatewayError } from "../../lib/errors.ts";
import { JsonView } from "./json-view.ts";

const utf8 = new TextDecoder();

/**
 * A provider's JSON document, which must be an object.
 * @throws GatewayError with `code`, `bad_upstream_json` unless told otherwise
 */
export function parseUpstreamJson(json: Uint8Array | string, code: ErrorCode = "bad_upstream_json"): JsonView {
  // decoded first: a byte order mark or invalid UTF-8 of a provider must not trouble the scanner
  const text = typeof json === "string" ? json : utf8.decode(json);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError(code, "the provider sent something that is not valid JSON", { cause });
  }
  const view = JsonView.document(text, value, code);
  if (!view.isObject) throw new GatewayError(code, "the provider sent JSON that is not an object");
  return view;
}

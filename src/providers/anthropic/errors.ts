import type { ResponseHead } from "../../core/translator.ts";
import { type ErrorKind, type GatewayError, statusOfKind } from "../../lib/errors.ts";
import { decodeBuffered } from "../common/content-encoding.ts";
import type { JsonView } from "../common/json-view.ts";
import { openaiError, openaiErrorIn } from "../common/openai-errors.ts";
import { providerError, quotesCredential } from "../common/provider-error.ts";
import { clientStatus, unknownError } from "../common/unknown-error.ts";
import { parseUpstreamJson } from "../common/upstream-json.ts";

/** Anthropic's error types (translation.md §5.3). */
const kinds: ReadonlyMap<unknown, ErrorKind> = new Map([
  ["invalid_request_error", "invalid_request"],
  ["authentication_error", "authentication"],
  ["billing_error", "billing"],
  ["permission_error", "permission"],
  ["not_found_error", "not_found"],
  ["conflict_error", "conflict"],
  ["request_too_large", "too_large"],
  ["rate_limit_error", "rate_limit"],
  ["timeout_error", "timeout"],
  ["overloaded_error", "overloaded"],
  ["api_error", "server"],
]);

/**
 * The error of a complete answer that is not 2xx. Never throws: what cannot be read becomes an error with the provider's
 * status (R161). Forms that compatible servers and proxies use instead of Anthropic's are read too (R160).
 */
export function readError(head: ResponseHead, body: Uint8Array): GatewayError {
  let decoded: Uint8Array;
  try {
    decoded = decodeBuffered(body, head.headers.get("content-encoding"));
  } catch {
    return unknownError(head.status, new Uint8Array(0)); // the status still tells what happened
  }
  return readNamedError(decoded, head.status)?.error ?? openaiError(head.status, decoded).error;
}

/**
 * The same for an answer that passes to a client of Anthropic's own API. `unchanged`: the body is in that dialect and tells nothing
 * that it must not, so it can pass byte for byte (R18).
 */
export function readPassingError(
  status: number,
  body: Uint8Array,
): { readonly error: GatewayError; readonly unchanged: boolean } {
  const named = readNamedError(body, status);
  if (named === undefined) return { error: openaiError(status, body).error, unchanged: false };
  const { error, document } = named;
  const inDialect = document.member("type").value === "error";
  const tellsAll = error.message === document.member("error").member("message").string;
  const quotes = quotesCredential(Buffer.from(body).toString("latin1"));
  return { error, unchanged: inDialect && tellsAll && !quotes };
}

/**
 * The error that a stream's event or a 200 answer reports instead of output; undefined when `document` reports none.
 * There is no status to go by.
 */
export function readErrorIn(document: JsonView): GatewayError | undefined {
  const error = document.member("error");
  const kind = kinds.get(error.member("type").value);
  const message = error.member("message").string;
  if (kind === undefined || message === undefined) {
    const unnamed = openaiErrorIn(document.value);
    if (unnamed !== undefined || document.member("type").value !== "error") return unnamed;
  }
  const status = kind === undefined || kind === "server" ? 502 : statusOfKind[kind];
  return providerError(kind ?? "server", message ?? "the provider reported an error", { status });
}

function readNamedError(
  body: Uint8Array,
  status: number,
): { readonly error: GatewayError; readonly document: JsonView } | undefined {
  let document: JsonView;
  try {
    document = parseUpstreamJson(body);
  } catch {
    return undefined; // not JSON: the caller knows what to do with that
  }
  const error = document.member("error");
  const kind = kinds.get(error.member("type").value);
  const message = error.member("message").string;
  if (kind === undefined || message === undefined) return undefined;
  return { error: providerError(kind, message, { status: clientStatus(status) }), document };
}

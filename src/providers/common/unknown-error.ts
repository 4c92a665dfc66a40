import type { ErrorKind, GatewayError } from "../../lib/errors.ts";
import { providerError } from "./provider-error.ts";

const maxMessageCharacters = 1024;

const kinds: ReadonlyMap<number, ErrorKind> = new Map([
  [401, "authentication"],
  [402, "billing"],
  [403, "permission"],
  [404, "not_found"],
  [408, "timeout"],
  [409, "conflict"],
  [413, "too_large"],
  [424, "server"],
  [429, "rate_limit"],
  [503, "overloaded"],
  [504, "timeout"],
  [524, "timeout"],
  [529, "overloaded"],
]);

/** What an HTTP status of a provider means when its body does not say better (translation.md §5.3). */
export function kindOfStatus(status: number): ErrorKind {
  return kinds.get(status) ?? (status >= 400 && status < 500 ? "invalid_request" : "server");
}

/** The status that the client gets for a provider's: the same, but for those that would mean something else from us. */
export function clientStatus(status: number): number {
  if (status === 408) return 504;
  if (status === 424 || status < 400) return 502;
  return status;
}

/** An error body of no known form: HTML, plain text, nothing, bytes that are no text (R161). */
export function unknownError(status: number, body: Uint8Array): GatewayError {
  const text = printable(body);
  return providerError(kindOfStatus(status), text === "" ? `upstream returned status ${status}` : text, {
    status: clientStatus(status),
  });
}

/** The beginning of a text from outside, without control characters. */
function printable(body: Uint8Array): string {
  const bounded = new TextDecoder().decode(body.subarray(0, maxMessageCharacters * 8));
  const text = bounded.replace(/\p{Cc}/gu, "").trim();
  return [...text].slice(0, maxMessageCharacters).join("");
}

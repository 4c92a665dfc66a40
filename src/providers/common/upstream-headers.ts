import type { HeaderPatch, Headers } from "../../core/headers.ts";

const contentHeaders = ["content-encoding"];
const vendorPrefixes = ["anthropic-", "openai-", "x-stainless-"];

/**
 * Header changes of every translated request (translation.md §1.4): the body is our JSON, the answer must come uncompressed
 * (R33), and nothing that the client said to another vendor travels on.
 * @param own headers of the schema's own envelope, names in lower case
 */
export function upstreamHeaders(
  clientHeaders: Headers,
  accept: string,
  own: Readonly<Record<string, string>> = {},
): HeaderPatch {
  const set = { "content-type": "application/json", accept, "accept-encoding": "identity", ...own };
  const foreign = clientHeaders.names().filter((name) => vendorPrefixes.some((prefix) => name.startsWith(prefix)));
  return { set, remove: [...contentHeaders, ...foreign].filter((name) => !Object.hasOwn(set, name)) };
}

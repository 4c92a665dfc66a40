import type { Endpoint } from "../core/endpoint.ts";
import { GatewayError } from "../lib/errors.ts";
import type { CommonResponse } from "./messages.ts";
import { headerMutation } from "./wire.ts";

/** Writes a rate limit's refusal anew in the client's dialect, where that is another one. */
export function limitBody(endpoint: Endpoint, chunk: Uint8Array): CommonResponse {
  const error = limitRefusal(chunk);
  const body = error && endpoint.errorBody(error);
  if (body === undefined || Buffer.from(body).equals(chunk)) return {};
  const patch = { set: { "content-length": String(body.length) }, remove: [] };
  return { header_mutation: headerMutation(patch), body_mutation: { body } };
}

/**
 * What our rate-limit service told a client, as an error; undefined = the body is not one of its refusals. It knows no session, and
 * so writes one dialect (see ratelimit/refusal.ts); what it says is only the message, and which of its two codes.
 */
function limitRefusal(body: Uint8Array): GatewayError | undefined {
  try {
    const { error } = JSON.parse(Buffer.from(body).toString("utf8")) as {
      error?: { message?: unknown; code?: unknown };
    };
    const { message, code } = error ?? {};
    if (typeof message !== "string" || (code !== "token_budget_exceeded" && code !== "store_unavailable"))
      return undefined;
    return new GatewayError(code, message);
  } catch {
    return undefined; // somebody else's words
  }
}

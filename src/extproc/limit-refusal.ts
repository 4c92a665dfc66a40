import { GatewayError } from "../lib/errors.ts";

/**
 * What our rate-limit service told a client, as an error; undefined = the body is not one of its refusals. It knows no session, and
 * so writes one dialect (see ratelimit/refusal.ts); what it says is only the message, and which of its two codes.
 */
export function limitRefusal(body: Uint8Array): GatewayError | undefined {
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

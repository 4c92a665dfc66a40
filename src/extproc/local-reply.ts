import { GatewayError } from "../lib/errors.ts";
import type { Session } from "./session.ts";

/**
 * A reply that Envoy made by itself, as an error in our words. `details`: Envoy's own (`response.code_details`).
 * The session has no plan when the request never arrived completely.
 */
export function localReplyError(session: Session, status: number, details: string): GatewayError {
  const { bufferLimitBytes, requestReadTimeoutMs } = session.config.settings.listener;
  const tried = [...new Set(session.plan?.attempts.map((attempt) => attempt.backend.id))].join(", ");
  if (details === "request_payload_too_large") {
    return new GatewayError(
      "request_too_large",
      `the request body is larger than the ${bufferLimitBytes} bytes allowed here`,
    );
  }
  if (session.plan === undefined && status === 408) {
    return new GatewayError(
      "request_timeout",
      `the request did not arrive completely within ${requestReadTimeoutMs / 1000} seconds`,
    );
  }
  if (details === "rate_limiter_error") {
    return new GatewayError("gateway_unavailable", "the rate limits could not be checked; try again");
  }
  if (status === 504) return new GatewayError("upstream_timeout", `no provider answered in time (tried ${tried})`);
  if (status < 500) {
    return new GatewayError("invalid_http", "the request is not valid HTTP", { status });
  }
  return new GatewayError("upstream_unavailable", `no provider could be reached (tried ${tried})`, { status });
}

import type { StreamCut } from "../../core/endpoint.ts";
import { utf8Bytes } from "../../lib/bytes.ts";
import type { ErrorKind, GatewayError } from "../../lib/errors.ts";
import { encodeSseEvent } from "../../lib/sse.ts";

/** The anthropic dialect's name of each kind (translation.md §5.3). */
const typeOfKind: Readonly<Record<ErrorKind, string>> = {
  invalid_request: "invalid_request_error",
  authentication: "authentication_error",
  billing: "billing_error",
  permission: "permission_error",
  not_found: "not_found_error",
  conflict: "conflict_error",
  too_large: "request_too_large",
  rate_limit: "rate_limit_error",
  timeout: "timeout_error",
  overloaded: "overloaded_error",
  server: "api_error",
  refusal: "invalid_request_error",
};

function errorJson({ kind, message, members }: GatewayError): string {
  return JSON.stringify({ type: "error", error: { type: typeOfKind[kind], message, ...members } });
}

/** `{"type":"error","error":{"type","message"}}`. The dialect has no codes: the type and the message tell what to do. */
export function anthropicErrorBody(error: GatewayError): Uint8Array {
  return utf8Bytes(errorJson(error));
}

/** The error as the last event of a stream; no `message_stop` may follow it (R154). */
export function anthropicStreamError(error: GatewayError): Uint8Array {
  return utf8Bytes(encodeSseEvent(errorJson(error), "error"));
}

/**
 * The events that end the answer for want of money: `stop_reason: "max_tokens"`, what was used so far, and the budget that ended
 * it in `tollgate`, a member that clients pass over; then the terminator.
 */
export function anthropicStreamCut({ reason, usage }: StreamCut): Uint8Array {
  const cached = (usage.cachedInput ?? 0) + (usage.cacheWrite ?? 0);
  const delta = {
    type: "message_delta",
    delta: { stop_reason: "max_tokens", stop_sequence: null },
    usage: { input_tokens: Math.max(0, usage.input - cached), output_tokens: usage.output },
    tollgate: { code: reason.code, message: reason.message, ...reason.members },
  };
  const stop = { type: "message_stop" };
  return utf8Bytes(encodeSseEvent(JSON.stringify(delta), delta.type) + encodeSseEvent(JSON.stringify(stop), stop.type));
}

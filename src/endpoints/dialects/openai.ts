import type { StreamCut } from "../../core/endpoint.ts";
import { utf8Bytes } from "../../lib/bytes.ts";
import type { ErrorKind, GatewayError } from "../../lib/errors.ts";
import { encodeSseEvent } from "../../lib/sse.ts";

/** The openai dialect's name of each kind, and the code shown when the error has none (translation.md §5.3). */
const typeOfKind: Readonly<Record<ErrorKind, { readonly type: string; readonly code: string | null }>> = {
  invalid_request: { type: "invalid_request_error", code: null },
  authentication: { type: "authentication_error", code: "upstream_authentication" },
  billing: { type: "insufficient_quota", code: "insufficient_quota" },
  permission: { type: "permission_error", code: null },
  not_found: { type: "not_found_error", code: "model_not_found" },
  conflict: { type: "conflict_error", code: null },
  too_large: { type: "invalid_request_error", code: "request_too_large" },
  rate_limit: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  timeout: { type: "timeout_error", code: "timeout" },
  overloaded: { type: "server_error", code: "overloaded" },
  server: { type: "server_error", code: null },
  refusal: { type: "invalid_request_error", code: null },
};

function errorJson(error: GatewayError): string {
  const { type, code } = typeOfKind[error.kind];
  const { message, param, members } = error;
  return JSON.stringify({ error: { message, type, param, code: error.code ?? code, ...members } });
}

/** `{"error":{"message","type","param","code"}}`. */
export function openaiErrorBody(error: GatewayError): Uint8Array {
  return utf8Bytes(errorJson(error));
}

/** The error as the last event of a stream; no `[DONE]` may follow it (R154). */
export function openaiStreamError(error: GatewayError): Uint8Array {
  return utf8Bytes(encodeSseEvent(errorJson(error)));
}

/** The API allows no more; a client may have asked for anything. */
const maxChoices = 128;

/**
 * A chunk that ends the answer for want of money: `finish_reason: "length"`, what was used so far, and the budget that ended it in
 * `tollgate`, a member that clients pass over; then the terminator.
 */
export function openaiStreamCut({ reason, usage, model, choices, nowMs }: StreamCut): Uint8Array {
  const chunk = {
    id: "chatcmpl-tollgate-budget",
    object: "chat.completion.chunk",
    created: Math.floor(nowMs / 1_000),
    model: model ?? "",
    choices: Array.from({ length: Math.min(choices, maxChoices) }, (_, index) => ({
      index,
      delta: {},
      finish_reason: "length",
    })),
    usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.total },
    tollgate: { code: reason.code, message: reason.message, ...reason.members },
  };
  return utf8Bytes(encodeSseEvent(JSON.stringify(chunk)) + encodeSseEvent("[DONE]"));
}

import type { RuntimeConfig } from "../core/runtime-config.ts";
import { errorCodes } from "../lib/errors.ts";
import { type Json, type JsonObject, typed } from "./options.ts";

/** What clients get for one kind of reply that Envoy makes by itself. Details of failures stay in the access log: they name sockets and addresses. */
interface LocalReply {
  /** CEL; the first that is true counts. */
  readonly when: string;
  readonly message: string;
  readonly type: string;
  /** The type's name for clients of Anthropic's API. */
  readonly anthropicType: string;
  readonly code: string;
  /** Status instead of Envoy's. */
  readonly status?: number;
}

const byDetails = (details: string): string => `response.code_details == '${details}'`;

function replies(config: RuntimeConfig): readonly LocalReply[] {
  const { bufferLimitBytes, requestReadTimeoutMs } = config.settings.listener;
  return [
    {
      when: "response.code_details.startsWith('ext_proc_error') || response.code_details == 'rate_limiter_error'",
      message: "the gateway could not complete the request; try again",
      type: "server_error",
      anthropicType: "overloaded_error",
      code: "gateway_unavailable",
      status: errorCodes.gateway_unavailable.status,
    },
    {
      when: byDetails("request_payload_too_large"),
      message: `the request body is larger than the ${bufferLimitBytes} bytes allowed here`,
      type: "invalid_request_error",
      anthropicType: "request_too_large",
      code: "request_too_large",
    },
    {
      when: byDetails("request_overall_timeout"),
      message: `the request did not arrive completely within ${requestReadTimeoutMs / 1000} seconds`,
      type: "timeout_error",
      anthropicType: "timeout_error",
      code: "request_timeout",
    },
    {
      when: byDetails("response_payload_too_large"),
      message: `the provider's answer is larger than the ${bufferLimitBytes} bytes that are held here; ask for a stream`,
      type: "server_error",
      anthropicType: "api_error",
      code: "upstream_answer_too_large",
      status: errorCodes.upstream_answer_too_large.status,
    },
    {
      when: "response.code == 431",
      message: "the request headers are too large",
      type: "invalid_request_error",
      anthropicType: "request_too_large",
      code: "request_headers_too_large",
    },
    {
      when: "response.code == 504",
      message: "no provider answered in time (%RESPONSE_CODE_DETAILS%)",
      type: "timeout_error",
      anthropicType: "timeout_error",
      code: "upstream_timeout",
    },
    {
      when: "response.code >= 500",
      message: "the gateway could not complete the request",
      type: "server_error",
      anthropicType: "overloaded_error",
      code: "upstream_unavailable",
    },
    {
      when: "true",
      message: "the request is not valid HTTP (%RESPONSE_CODE_DETAILS%)",
      type: "invalid_request_error",
      anthropicType: "invalid_request_error",
      code: "invalid_http",
    },
  ];
}

/** Replies that are JSON already: those of the exchanges and of our rate-limit service. */
const ours = "response.code_details.startsWith('tollgate_') || response.code_details == 'request_rate_limited'";

const requestId = "%REQ(X-REQUEST-ID)%";

/** How each API writes an error, and which requests get it so: the first that fits. */
function dialects({ endpointPrefixes }: RuntimeConfig["settings"]): readonly {
  /** CEL. */
  readonly at: string;
  readonly body: (reply: LocalReply) => Json;
}[] {
  const anthropic = (reply: LocalReply): Json => ({
    type: "error",
    error: { type: reply.anthropicType, message: reply.message },
    request_id: requestId,
  });
  const openai = ({ message, type, code }: LocalReply): Json => ({
    error: { message, type, param: null, code, request_id: requestId },
  });
  const under = JSON.stringify(`${endpointPrefixes.anthropic}/`);
  // under one prefix for both nothing but the path itself tells them apart
  const path = endpointPrefixes.anthropic === "" ? '"/v1/messages"' : under;
  return [
    { at: `request.path.startsWith(${path})`, body: anthropic },
    { at: "true", body: openai },
  ];
}

function mapper({ when, status }: LocalReply, at: string, body: Json): JsonObject {
  return {
    filter: {
      extension_filter: {
        name: "envoy.access_loggers.extension_filters.cel",
        typed_config: typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", {
          expression: `!(${ours}) && (${when})${at === "true" ? "" : ` && ${at}`}`,
        }),
      },
    },
    body_format_override: { json_format: body },
    ...(status === undefined ? {} : { status_code: status }),
  };
}

/**
 * While the gateway is away, and for whatever Envoy itself refuses, clients still get JSON with a request id. Where the router's
 * exchange sees such a reply it writes it anew in the client's dialect.
 */
export function localReplies(config: RuntimeConfig): JsonObject {
  const all = replies(config);
  return {
    mappers: dialects(config.settings).flatMap(({ at, body }) => all.map((reply) => mapper(reply, at, body(reply)))),
  };
}

import type { RuntimeConfig } from "../core/runtime-config.ts";
import { errorCodes } from "../lib/errors.ts";
import { type Json, type JsonObject, typed } from "./options.ts";

/** What clients get for one kind of reply that Envoy makes by itself. Details of failures stay in the access log: they name sockets and addresses. */
interface LocalReply {
  /** CEL; the first that is true counts. */
  readonly when: string;
  readonly message: string;
  readonly type: string;
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
      code: "gateway_unavailable",
      status: errorCodes.gateway_unavailable.status,
    },
    {
      when: byDetails("request_payload_too_large"),
      message: `the request body is larger than the ${bufferLimitBytes} bytes allowed here`,
      type: "invalid_request_error",
      code: "request_too_large",
    },
    {
      when: byDetails("request_overall_timeout"),
      message: `the request did not arrive completely within ${requestReadTimeoutMs / 1000} seconds`,
      type: "timeout_error",
      code: "request_timeout",
    },
    {
      when: byDetails("response_payload_too_large"),
      message: `the provider's answer is larger than the ${bufferLimitBytes} bytes that are held here; ask for a stream`,
      type: "server_error",
      code: "upstream_answer_too_large",
      status: errorCodes.upstream_answer_too_large.status,
    },
    {
      when: "response.code == 431",
      message: "the request headers are too large",
      type: "invalid_request_error",
      code: "request_headers_too_large",
    },
    {
      when: "response.code == 504",
      message: "no provider answered in time (%RESPONSE_CODE_DETAILS%)",
      type: "timeout_error",
      code: "upstream_timeout",
    },
    {
      when: "response.code >= 500",
      message: "the gateway could not complete the request",
      type: "server_error",
      code: "upstream_unavailable",
    },
    {
      when: "true",
      message: "the request is not valid HTTP (%RESPONSE_CODE_DETAILS%)",
      type: "invalid_request_error",
      code: "invalid_http",
    },
  ];
}

/** Replies that are JSON already: those of the exchanges and of our rate-limit service. */
const ours = "response.code_details.startsWith('tollgate_') || response.code_details == 'request_rate_limited'";

function mapper({ when, message, type, code, status }: LocalReply): JsonObject {
  const body: Json = { error: { message, type, param: null, code, request_id: "%REQ(X-REQUEST-ID)%" } };
  return {
    filter: {
      extension_filter: {
        name: "envoy.access_loggers.extension_filters.cel",
        typed_config: typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", {
          expression: `!(${ours}) && (${when})`,
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
  return { mappers: replies(config).map(mapper) };
}

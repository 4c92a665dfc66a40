import type { RuntimeConfig } from "../core/runtime-config.ts";
import { extProcGrpc, maxMessageTimeoutMs, messageTimeoutMs } from "./attempt-filters.ts";
import { localReplies } from "./local-replies.ts";
import { tollgateCluster } from "./names.ts";
import { type Json, type JsonObject, type RenderOptions, seconds, typed } from "./options.ts";
import { rateLimitFilter } from "./rate-limits.ts";

const routerFilter = "envoy.extensions.filters.http.router.v3.Router";
const connectionManager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** Every internal header except `x-ai-eg-model`, which clients may send. RE2 has no lookahead. */
const internalHeaders =
  "x-tollgate-.*|x-aigw-.*|x-ai-eg-(?:[^m].*|m(?:[^o].*)?|mo(?:[^d].*)?|mod(?:[^e].*)?|mode(?:[^l].*)?|model.+)?";

const spoofedHeaders: JsonObject = {
  name: "envoy.http.early_header_mutation.header_mutation",
  typed_config: typed("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation", {
    mutations: [
      { remove_on_match: { key_matcher: { safe_regex: { regex: internalHeaders } } } },
      { remove: "x-envoy-attempt-count" },
      { remove: "x-envoy-max-retries" },
      { remove: "x-envoy-retry-on" },
    ],
  }),
};

/** Access log: one JSON line per request, with every cost key that the configuration writes. */
function accessLog(config: RuntimeConfig, options: RenderOptions): JsonObject {
  const keys = new Set<string>();
  for (const rule of config.rules.values()) for (const cost of rule.costs) keys.add(cost.metadataKey);
  const costs = Object.fromEntries(
    [...keys].sort().map((key) => [key, `%DYNAMIC_METADATA(io.envoy.ai_gateway:${key})%`]),
  );
  const format: JsonObject = {
    json_format: {
      time: "%START_TIME%",
      request_id: "%REQ(X-REQUEST-ID)%",
      session: "%DYNAMIC_METADATA(tollgate.session:id)%",
      path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
      code: "%RESPONSE_CODE%",
      details: "%RESPONSE_CODE_DETAILS%",
      flags: "%RESPONSE_FLAGS%",
      attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
      backend: "%UPSTREAM_CLUSTER%",
      duration_ms: "%DURATION%",
      error_type: "%DYNAMIC_METADATA(io.envoy.ai_gateway:error_type)%",
      usage_estimated: "%DYNAMIC_METADATA(io.envoy.ai_gateway:usage_estimated)%",
      ...costs,
    },
  };
  return options.accessLogPath === undefined
    ? {
        name: "envoy.access_loggers.stdout",
        typed_config: typed("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", { log_format: format }),
      }
    : {
        name: "envoy.access_loggers.file",
        typed_config: typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", {
          path: options.accessLogPath,
          log_format: format,
        }),
      };
}

/** The router's exchange (R). */
const routerProcessor: JsonObject = {
  name: "envoy.filters.http.ext_proc/router",
  typed_config: typed("envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor", {
    grpc_service: extProcGrpc,
    message_timeout: seconds(messageTimeoutMs),
    max_message_timeout: seconds(maxMessageTimeoutMs),
    allow_mode_override: true,
    // the route tells of which configuration the routes are that Envoy holds for this request
    request_attributes: ["source.address", "xds.route_name"],
    response_attributes: ["response.code_details", "upstream.request_attempt_count", "xds.cluster_name"],
    status_on_error: { code: "ServiceUnavailable" },
    // the exchange sets x-envoy-max-retries
    mutation_rules: { allow_envoy: true },
    metadata_options: {
      receiving_namespaces: {
        untyped: ["io.envoy.ai_gateway", "tollgate.session", "tollgate.route", "tollgate.limits", "tollgate.charges"],
      },
    },
    processing_mode: {
      request_header_mode: "SEND",
      request_body_mode: "BUFFERED",
      request_trailer_mode: "SKIP",
      response_header_mode: "SEND",
      response_body_mode: "BUFFERED",
      response_trailer_mode: "SKIP",
    },
  }),
};

/** The router, with one log entry per attempt to our own service: the only place where failed attempts can be seen. */
const router: JsonObject = {
  name: "envoy.filters.http.router",
  typed_config: typed(routerFilter, {
    // providers need not know the gateway's own host name (x-envoy-original-host)
    suppress_envoy_headers: true,
    upstream_log: [
      {
        name: "envoy.access_loggers.http_grpc",
        typed_config: typed("envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig", {
          common_config: {
            log_name: "attempts",
            transport_api_version: "V3",
            buffer_flush_interval: "0.1s",
            grpc_service: { envoy_grpc: { cluster_name: tollgateCluster } },
          },
          additional_request_headers_to_log: ["x-tollgate-session"],
        }),
      },
    ],
  }),
};

/** @param routes `route_config` or `rds` */
export function renderListener(config: RuntimeConfig, options: RenderOptions, routes: JsonObject): JsonObject {
  const { listener } = config.settings;
  const filters: Json = [
    {
      name: "hcm",
      typed_config: typed(connectionManager, {
        stat_prefix: "ai",
        generate_request_id: true,
        // a label for logs, the client's own if it has one; nothing is looked up by it
        preserve_external_request_id: true,
        always_set_request_id_in_response: true,
        use_remote_address: true,
        xff_num_trusted_hops: listener.xffTrustedHops,
        normalize_path: true,
        request_timeout: seconds(listener.requestReadTimeoutMs),
        // above these Envoy closes the connection without an answer; the exchange refuses much earlier, in words
        max_request_headers_kb: 512,
        common_http_protocol_options: { max_headers_count: 1_000 },
        early_header_mutation_extensions: [spoofedHeaders],
        access_log: [accessLog(config, options)],
        local_reply_config: localReplies(config),
        http_filters: [routerProcessor, rateLimitFilter, router],
        ...routes,
      }),
    },
  ];
  return {
    name: "ai",
    address: { socket_address: { address: options.listen.address, port_value: options.listen.port } },
    per_connection_buffer_limit_bytes: listener.bufferLimitBytes,
    filter_chains: [{ filters }],
  };
}

/** Answers 503 for backends without a healthy host, so that the next backend gets its turn. Loopback only. */
export function renderTombstone(options: RenderOptions): JsonObject {
  const answer: JsonObject = {
    match: { prefix: "/" },
    direct_response: { status: 503, body: { inline_string: "no healthy host" } },
    response_headers_to_add: [{ header: { key: "x-tollgate-tombstone", value: "1" } }],
  };
  return {
    name: "tombstone",
    address: { socket_address: { address: "127.0.0.1", port_value: options.tombstonePort } },
    filter_chains: [
      {
        filters: [
          {
            name: "hcm",
            typed_config: typed(connectionManager, {
              stat_prefix: "tombstone",
              http_filters: [{ name: "envoy.filters.http.router", typed_config: typed(routerFilter, {}) }],
              route_config: { name: "tombstone", virtual_hosts: [{ name: "all", domains: ["*"], routes: [answer] }] },
            }),
          },
        ],
      },
    ],
  };
}

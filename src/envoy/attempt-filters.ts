import type { RuntimeConfig } from "../core/runtime-config.ts";
import { tollgateCluster } from "./names.ts";
import { type Json, type JsonObject, seconds, typed } from "./options.ts";

/** A handler may take this long per message; longer waits are asked for (`override_message_timeout`) up to the maximum. */
export const messageTimeoutMs = 10_000;
export const maxMessageTimeoutMs = 120_000;

/** Our gRPC service, with retries for a stream that could not be opened: nothing was sent on it yet. */
export const extProcGrpc: JsonObject = {
  envoy_grpc: { cluster_name: tollgateCluster },
  timeout: "0s",
  retry_policy: {
    retry_on: "connect-failure,refused-stream,reset-before-request",
    num_retries: 2,
    retry_back_off: { base_interval: "0.005s", max_interval: "0.02s" },
  },
};

/** Identity headers that end at the gateway: they are for limits, not for providers. */
export function identityHeaders(config: RuntimeConfig): string[] {
  const names = new Set(config.settings.identity.trustedHeaders);
  const buckets = [...config.quotas.values()].flat().flatMap((quota) => quota.buckets);
  for (const { selectors } of [...config.limits.values(), ...buckets]) {
    for (const selector of selectors) {
      if (selector.kind === "header" && selector.type === "Distinct") names.add(selector.name);
    }
  }
  names.delete("x-ai-eg-model");
  return [...names].sort();
}

/** The per-attempt exchange (U), skipped when the router's translation was made for this very backend. */
function attemptProcessor(backendId: string): JsonObject {
  return {
    name: "attempt",
    typed_config: typed("envoy.extensions.common.matching.v3.ExtensionWithMatcher", {
      extension_config: {
        name: "envoy.filters.http.ext_proc/attempt",
        typed_config: typed("envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor", {
          grpc_service: extProcGrpc,
          message_timeout: seconds(messageTimeoutMs),
          status_on_error: { code: "ServiceUnavailable" },
          request_attributes: [
            "xds.cluster_name",
            "xds.cluster_metadata.filter_metadata['aigateway.envoy.io']['per_route_rule_backend_name']",
          ],
          // how this exchange finds the session of the router's exchange
          metadata_options: {
            forwarding_namespaces: { untyped: ["tollgate.session"] },
            receiving_namespaces: { untyped: ["io.envoy.ai_gateway"] },
          },
          processing_mode: {
            request_header_mode: "SEND",
            request_body_mode: "NONE",
            response_header_mode: "SKIP",
            response_body_mode: "NONE",
          },
        }),
      },
      xds_matcher: {
        matcher_tree: {
          input: {
            name: "request-headers",
            typed_config: typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", {
              header_name: "x-tollgate-backend",
            }),
          },
          exact_match_map: {
            map: {
              [backendId]: {
                action: {
                  name: "skip",
                  typed_config: typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter", {}),
                },
              },
            },
          },
        },
      },
    }),
  };
}

/** What leaves for the provider carries nothing internal; `x-tollgate-session` stays (opaque, and the upstream log needs it). */
function outgoingHeaders(config: RuntimeConfig): JsonObject {
  const internal = [
    "x-tollgate-backend",
    "x-tollgate-route",
    "x-tollgate-stream",
    "x-ai-eg-model",
    "x-ai-gateway-receipt",
  ];
  const mutations: Json[] = [...internal, ...identityHeaders(config)].map((name) => ({ remove: name }));
  // who the client is and how Envoy got the request is nobody's business upstream
  mutations.push({ remove_on_match: { key_matcher: { safe_regex: { regex: "x-envoy-.*|x-forwarded-.*" } } } });
  mutations.push({
    // replacing headers and body at once drops content-length; the exchange leaves it in metadata
    append: {
      append_action: "ADD_IF_ABSENT",
      header: { key: "content-length", value: "%DYNAMIC_METADATA(io.envoy.ai_gateway:content_length)%" },
    },
  });
  return {
    name: "envoy.filters.http.header_mutation",
    typed_config: typed("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", {
      mutations: { request_mutations: mutations },
    }),
  };
}

/** The upstream filter chain of a backend's cluster. */
export function attemptFilters(backendId: string, config: RuntimeConfig): Json {
  return [
    attemptProcessor(backendId),
    outgoingHeaders(config),
    {
      name: "envoy.filters.http.upstream_codec",
      typed_config: typed("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec", {}),
    },
  ];
}

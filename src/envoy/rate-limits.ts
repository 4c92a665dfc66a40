import type { RuntimeConfig } from "../core/runtime-config.ts";
import { tollgateCluster } from "./names.ts";
import { type Json, type JsonObject, typed } from "./options.ts";

const filterName = "envoy.filters.http.ratelimit";

export const rateLimitFilter: JsonObject = {
  name: filterName,
  typed_config: typed("envoy.extensions.filters.http.ratelimit.v3.RateLimit", {
    domain: "tollgate",
    // only our service decides what a lost store means
    failure_mode_deny: true,
    status_on_error: { code: "ServiceUnavailable" },
    timeout: "2s",
    enable_x_ratelimit_headers: "DRAFT_VERSION_03",
    rate_limit_service: {
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: tollgateCluster }, timeout: "2s" },
    },
  }),
};

function fromMetadata(key: "rule" | "account", slot: string): Json {
  return {
    metadata: {
      descriptor_key: key,
      source: "DYNAMIC",
      metadata_key: { key: "tollgate.limits", path: [{ key: slot }, { key }] },
    },
  };
}

/** The check before the request and the charge when the stream is done, of the limit in one slot. */
function descriptors(slot: string): readonly Json[] {
  const identity = [fromMetadata("rule", slot), fromMetadata("account", slot)];
  return [
    { actions: identity, hits_addend: { format: `%DYNAMIC_METADATA(tollgate.limits:${slot}:request)%` } },
    {
      actions: [...identity, { generic_key: { descriptor_key: "phase", descriptor_value: "charge" } }],
      hits_addend: { format: `%DYNAMIC_METADATA(tollgate.charges:${slot})%` },
      apply_on_stream_done: true,
    },
  ];
}

/**
 * Which limits apply to a request, to whom, and what they take is decided by the router's exchange and stands in dynamic
 * metadata as numbered slots (extproc/limit-slots.ts): request headers would not do, because they are changed on the way out
 * and gone at the end of the stream. A slot that a request does not use sends nothing; as many as there are limits are enough.
 */
export function renderRateLimits(config: RuntimeConfig): JsonObject {
  if (config.limits.size === 0) return {};
  const slots = Array.from({ length: config.limits.size }, (_, index) => String(index + 1));
  return {
    [filterName]: typed("envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute", {
      rate_limits: slots.flatMap(descriptors),
    }),
  };
}

import type { LimitRule, RuntimeConfig } from "../core/runtime-config.ts";
import { costNamespace, tollgateCluster } from "./names.ts";
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

/**
 * Which rule applies and to whom is decided by the router's exchange and stands in dynamic metadata `tollgate.limits`:
 * request headers would not do, because they are changed on the way out and gone at the end of the stream.
 */
function actions(rule: LimitRule, phase: "check" | "charge"): Json {
  const identity: Json[] = [
    { generic_key: { descriptor_key: "rule", descriptor_value: rule.id } },
    {
      metadata: {
        descriptor_key: "account",
        source: "DYNAMIC",
        skip_if_absent: false,
        metadata_key: { key: "tollgate.limits", path: [{ key: rule.id }, { key: "account" }] },
      },
    },
  ];
  if (phase === "charge") identity.push({ generic_key: { descriptor_key: "phase", descriptor_value: "charge" } });
  return identity;
}

function addend(cost: NonNullable<LimitRule["responseCost"]>): JsonObject {
  return cost.from === "Number"
    ? { number: cost.number }
    : { format: `%DYNAMIC_METADATA(${costNamespace}:${cost.key})%` };
}

/** Two descriptors per rule: the check before the request, and the charge when the stream is done. */
export function renderRateLimits(config: RuntimeConfig): JsonObject {
  const limits = [...config.limits.values()].flatMap((rule): Json[] => {
    const check: Json = { actions: actions(rule, "check"), hits_addend: addend(rule.requestCost) };
    if (rule.responseCost === undefined) return [check];
    return [
      check,
      { actions: actions(rule, "charge"), hits_addend: addend(rule.responseCost), apply_on_stream_done: true },
    ];
  });
  if (limits.length === 0) return {};
  return {
    [filterName]: typed("envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute", { rate_limits: limits }),
  };
}

import type { RouteRule, RuntimeConfig } from "../core/runtime-config.ts";
import { backendNamespace, type Naming, plainNaming, routesName } from "./names.ts";
import { type Json, type JsonObject, seconds, typed } from "./options.ts";
import { renderRateLimits } from "./rate-limits.ts";

/** Envoy's retry words for the conditions of a policy. */
function retryPolicy(rule: RouteRule): JsonObject {
  return {
    retry_on: rule.retry.triggers.join(","),
    retriable_status_codes: rule.retry.statusCodes,
    // the bound of a request is `x-envoy-max-retries`, set by the router's exchange; this is only the ceiling
    num_retries: Math.max(rule.backends.length * rule.retry.attemptsPerPriority - 1, rule.retry.maxRetries ?? 0, 1),
    refresh_cluster_on_retry: true,
    retry_back_off: {
      base_interval: seconds(rule.retry.baseIntervalMs),
      max_interval: seconds(rule.retry.maxIntervalMs),
    },
  };
}

/** Streams always have them; a JSON answer only the one that somebody asked for, because a long answer would be paid twice. */
function perTryTimeouts(rule: RouteRule, stream: boolean): JsonObject {
  if (stream) {
    return {
      per_try_timeout: seconds(rule.perTryTimeoutMs),
      per_try_idle_timeout: seconds(rule.streamIdleTimeoutMs),
    };
  }
  return rule.jsonPerTryTimeoutMs === undefined ? {} : { per_try_timeout: seconds(rule.jsonPerTryTimeoutMs) };
}

/** The clusters of a rule in order of preference; a request's own order arrives in metadata `tollgate.route`. */
function clusterSpecifier(rule: RouteRule, naming: Naming): JsonObject {
  const ordered = [...rule.backends].sort((a, b) => a.priority - b.priority);
  return {
    extension: {
      name: "envoy.router.cluster_specifier_plugin.priority_group",
      typed_config: typed(
        "envoy.extensions.router.cluster_specifiers.priority_group.v3.PriorityGroupClusterSpecifier",
        {
          override_metadata_namespace: "tollgate.route",
          priority_groups: ordered.map((ref, index) => ({
            name: `p${index}`,
            clusters: [{ cluster_name: naming.cluster(ref.backendId), weight: 1 }],
          })),
        },
      ),
    },
  };
}

function renderRoute(rule: RouteRule, stream: boolean, naming: Naming): JsonObject {
  const headers: Json[] = [{ name: "x-tollgate-route", string_match: { exact: rule.id } }];
  if (stream) headers.push({ name: "x-tollgate-stream", string_match: { exact: "1" } });
  return {
    name: stream ? `${rule.id}/stream` : rule.id,
    match: { prefix: "/", headers },
    metadata: { filter_metadata: { [backendNamespace]: { aigw_route_name: rule.routeId } } },
    route: {
      timeout: seconds(rule.requestTimeoutMs),
      // a silent answer is cut by the timeouts of the attempt; a silent client by the listener's
      idle_timeout: seconds(Math.max(rule.requestTimeoutMs, rule.streamIdleTimeoutMs) + 5_000),
      auto_host_rewrite: true,
      retry_policy: { ...retryPolicy(rule), ...perTryTimeouts(rule, stream) },
      inline_cluster_specifier_plugin: clusterSpecifier(rule, naming),
    },
  };
}

/**
 * One pair of Envoy routes per rule, matched on headers that only the router's exchange sets: matching is done once, by us.
 * Streams have their own route because the per-try timeouts would cut and repeat, and bill twice, a long JSON answer.
 */
export function renderRoutes(config: RuntimeConfig, naming: Naming = plainNaming): JsonObject {
  const rules = [...config.rules.values()]
    // Envoy refuses a route to an unknown cluster; a backend that is not there yet is left out of plans as well
    .map((rule) => ({ ...rule, backends: rule.backends.filter(({ backendId }) => config.backends.has(backendId)) }))
    .filter((rule) => rule.backends.length > 0);
  return {
    name: routesName,
    virtual_hosts: [
      {
        name: "all",
        domains: ["*"],
        include_request_attempt_count: true,
        include_attempt_count_in_response: true,
        typed_per_filter_config: renderRateLimits(config),
        routes: [
          ...rules.flatMap((rule) => [renderRoute(rule, true, naming), renderRoute(rule, false, naming)]),
          // what a request has before the exchange answered it; its name tells the exchange which configuration these routes are of
          { ...(naming.version && { name: naming.version }), match: { prefix: "/" }, direct_response: { status: 404 } },
        ],
      },
    ],
  };
}

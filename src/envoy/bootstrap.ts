import type { RuntimeConfig } from "../core/runtime-config.ts";
import { renderBackendCluster, renderTollgateCluster } from "./clusters.ts";
import { renderListener, renderTombstone } from "./listener.ts";
import { tollgateCluster } from "./names.ts";
import type { JsonObject, RenderOptions } from "./options.ts";
import { renderRoutes } from "./routes.ts";

function renderFrame(options: RenderOptions): JsonObject {
  return {
    ...(options.adminPort === undefined
      ? {}
      : { admin: { address: { socket_address: { address: "127.0.0.1", port_value: options.adminPort } } } }),
    overload_manager: {
      resource_monitors: [
        {
          name: "envoy.resource_monitors.global_downstream_max_connections",
          typed_config: {
            "@type":
              "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            max_active_downstream_connections: 50_000,
          },
        },
      ],
    },
  };
}

/** A complete configuration for `envoy -c`. Pure. */
export function renderBootstrap(config: RuntimeConfig, options: RenderOptions): JsonObject {
  return {
    ...renderFrame(options),
    static_resources: {
      listeners: [renderListener(config, options, { route_config: renderRoutes(config) }), renderTombstone(options)],
      clusters: [
        renderTollgateCluster(config, options),
        ...[...config.backends.values()].map((backend) => renderBackendCluster(backend, config, options)),
      ],
    },
  };
}

/** The part that stays the same as long as Envoy runs, for `envoy -c`; it gets everything else (`renderDynamic`) from our ADS. Pure. */
export function renderDynamicBootstrap(config: RuntimeConfig, options: RenderOptions): JsonObject {
  const ads: JsonObject = { resource_api_version: "V3", ads: {} };
  return {
    ...renderFrame(options),
    node: { id: "tollgate", cluster: "tollgate" },
    static_resources: {
      listeners: [renderTombstone(options)],
      clusters: [renderTollgateCluster(config, options)],
    },
    dynamic_resources: {
      ads_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        // this channel is opened again after a loss, by itself
        grpc_services: [{ envoy_grpc: { cluster_name: tollgateCluster } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
  };
}

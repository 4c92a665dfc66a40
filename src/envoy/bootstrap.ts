import type { RuntimeConfig } from "../core/runtime-config.ts";
import { renderBackendCluster, renderTollgateCluster } from "./clusters.ts";
import { renderListener, renderTombstone } from "./listener.ts";
import type { JsonObject, RenderOptions } from "./options.ts";

/** A complete configuration for `envoy -c`. Pure. */
export function renderBootstrap(config: RuntimeConfig, options: RenderOptions): JsonObject {
  return {
    ...(options.adminPort === undefined
      ? {}
      : { admin: { address: { socket_address: { address: "127.0.0.1", port_value: options.adminPort } } } }),
    static_resources: {
      listeners: [renderListener(config, options), renderTombstone(options)],
      clusters: [
        renderTollgateCluster(config, options),
        ...[...config.backends.values()].map((backend) => renderBackendCluster(backend, config, options)),
      ],
    },
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

import { contentHash } from "../config/content-hash.ts";
import type { Backend, RuntimeConfig } from "../core/runtime-config.ts";
import { renderBackendCluster } from "./clusters.ts";
import { renderListener } from "./listener.ts";
import { routesName } from "./names.ts";
import type { JsonObject, RenderOptions } from "./options.ts";
import { renderRoutes } from "./routes.ts";

/** What Envoy gets of one configuration through ADS. */
export interface DynamicResources {
  /** By name. */
  readonly clusters: ReadonlyMap<string, JsonObject>;
  /** The name of each backend's cluster. */
  readonly clusterNames: ReadonlyMap<string, string>;
  readonly listener: JsonObject;
  readonly routes: JsonObject;
}

/**
 * A cluster whose name changes with its content: a backend that is changed is a cluster beside the former one, and a request goes
 * where the configuration that it began with says, with the key that belongs there. Statistics and logs call both as the backend.
 */
function renderVersion(backend: Backend, config: RuntimeConfig, options: RenderOptions): JsonObject & { name: string } {
  const cluster = renderBackendCluster(backend, config, options);
  const name = `${backend.id}@${contentHash(cluster)}`;
  return { ...cluster, name, alt_stat_name: backend.id };
}

/** The configuration in the pieces that ADS gives one by one. Pure. */
export function renderDynamic(config: RuntimeConfig, options: RenderOptions): DynamicResources {
  const versions = [...config.backends.values()].map(
    (backend) => [backend.id, renderVersion(backend, config, options)] as const,
  );
  const clusterNames = new Map(versions.map(([id, { name }]) => [id, name]));
  return {
    clusters: new Map(versions.map(([, cluster]) => [cluster.name, cluster])),
    clusterNames,
    listener: renderListener(config, options, {
      rds: { route_config_name: routesName, config_source: { resource_api_version: "V3", ads: {} } },
    }),
    routes: renderRoutes(config, { cluster: (id) => clusterNames.get(id) ?? id, version: config.version }),
  };
}

/** The cluster of our own gRPC services. */
export const tollgateCluster = "tollgate";
/** Metadata namespace in which clusters and routes carry their names (the Envoy AI Gateway's). */
export const backendNamespace = "aigateway.envoy.io";
/** The route configuration of the listener for clients. */
export const routesName = "ai";

/** What things are called in one rendered configuration. */
export interface Naming {
  /** The cluster of a backend. */
  readonly cluster: (backendId: string) => string;
  /** The name of the route that a request has before the router's exchange answers; undefined = none. */
  readonly version: string | undefined;
}

/** Clusters are called as their backends are. */
export const plainNaming: Naming = { cluster: (backendId) => backendId, version: undefined };

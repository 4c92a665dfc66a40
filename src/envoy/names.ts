/** The cluster of our own gRPC services. */
export const tollgateCluster = "tollgate";
/** Metadata namespace in which clusters and routes carry their names (the Envoy AI Gateway's). */
export const backendNamespace = "aigateway.envoy.io";

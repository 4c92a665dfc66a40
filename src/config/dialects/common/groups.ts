export const aiGatewayGroup = "aigateway.envoyproxy.io";
export const envoyGatewayGroup = "gateway.envoyproxy.io";
export const gatewayApiGroup = "gateway.networking.k8s.io";
export const tollgateGroup = "tollgate.dev";
export const coreGroup = "";

import type { BackendEndpoint } from "../../core/runtime-config.ts";
import type { backend } from "../dialects/gateway-api/backend.ts";
import { backendTlsPolicy } from "../dialects/gateway-api/backend-tls-policy.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";

/** TLS as the Backend or a BackendTLSPolicy for it says; undefined = plain HTTP. */
function tlsOf(
  context: CompileContext,
  resource: ResourceOf<typeof backend>,
  hostname: string,
): BackendEndpoint["tls"] {
  const { tls } = resource.body.spec;
  const policy = context.resources
    .all(backendTlsPolicy)
    .find(
      ({ namespace, body: { spec } }) =>
        namespace === resource.namespace &&
        spec.targetRefs.some(({ kind, name }) => kind === "Backend" && name === resource.name),
    );
  const sni = tls?.sni ?? policy?.body.spec.validation.hostname ?? hostname;
  if (tls === undefined && policy === undefined) return undefined;
  return { sni, caFile: undefined, insecureSkipVerify: tls?.insecureSkipVerify ?? false };
}

/** Where a Backend is: its first endpoint. */
export function backendEndpoint(context: CompileContext, resource: ResourceOf<typeof backend>): BackendEndpoint {
  const { report } = context;
  const { endpoints } = resource.body.spec;
  const [first] = endpoints;
  const hostname = first?.fqdn?.hostname ?? first?.ip?.address ?? "127.0.0.1";
  const port = first?.fqdn?.port ?? first?.ip?.port ?? 443;
  if (endpoints.length > 1) {
    report.warning(
      resource,
      ["spec", "endpoints", 1],
      "only the first endpoint is used; give each its own Backend and name them all in the route",
    );
  }
  const tls = tlsOf(context, resource, hostname);
  if (tls === undefined && port === 443) {
    const advice = "add spec.tls {wellKnownCACertificates: System} or a BackendTLSPolicy";
    report.warning(resource, ["spec", "endpoints", 0], `port 443 is spoken to without TLS; ${advice}`);
  }
  return { hostname, port, tls };
}

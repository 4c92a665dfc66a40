import type { Endpoint } from "../core/endpoint.ts";
import type { Settings } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";

/** Whether an endpoint answers at this path, and the endpoint whose dialect errors are written in. */
export type Found =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "error"; readonly endpoint: Endpoint; readonly error: GatewayError };

/**
 * The client API at a path (exact, without query; translation.md §1.1). Errors at unknown paths are in the dialect of the prefix
 * that they begin with, else in that of `fallback`.
 */
export function findEndpoint(
  endpoints: readonly Endpoint[],
  settings: Settings,
  method: string,
  path: string,
  fallback: Endpoint,
): Found {
  const prefixOf = (endpoint: Endpoint): string => settings.endpointPrefixes[endpoint.prefix];
  const pathOf = (endpoint: Endpoint): string => prefixOf(endpoint) + endpoint.path;
  const here = endpoints.filter((endpoint) => pathOf(endpoint) === path);
  const first = here[0];
  if (first === undefined) {
    const known = endpoints.map((endpoint) => `${endpoint.method} ${pathOf(endpoint)}`).join(", ");
    const [near] = endpoints
      .filter((endpoint) => prefixOf(endpoint) !== "" && path.startsWith(`${prefixOf(endpoint)}/`))
      .sort((one, other) => prefixOf(other).length - prefixOf(one).length);
    return {
      kind: "error",
      endpoint: near ?? fallback,
      error: new GatewayError("unknown_path", `nothing is served at this path; there is ${known}`),
    };
  }
  const endpoint = here.find((candidate) => candidate.method === method);
  if (endpoint !== undefined) return { kind: "endpoint", endpoint };
  const allow = here.map((candidate) => candidate.method).join(", ");
  return {
    kind: "error",
    endpoint: first,
    error: new GatewayError("method_not_allowed", `${method} is not allowed here; use ${allow}`, {
      headers: { allow },
    }),
  };
}

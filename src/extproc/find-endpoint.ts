import type { Endpoint } from "../core/endpoint.ts";
import type { Settings } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";

/** Whether an endpoint answers at this path, and the endpoint whose dialect errors are written in. */
export type Found =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint }
  | { readonly kind: "error"; readonly endpoint: Endpoint; readonly error: GatewayError };

/** The client API at a path (exact, without query; translation.md §1.1). `fallback` lends its dialect to unknown paths. */
export function findEndpoint(
  endpoints: readonly Endpoint[],
  settings: Settings,
  method: string,
  path: string,
  fallback: Endpoint,
): Found {
  const here = endpoints.filter((endpoint) => settings.endpointPrefixes.openai + endpoint.path === path);
  const first = here[0];
  if (first === undefined) {
    const known = endpoints
      .map((endpoint) => `${endpoint.method} ${settings.endpointPrefixes.openai}${endpoint.path}`)
      .join(", ");
    return {
      kind: "error",
      endpoint: fallback,
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

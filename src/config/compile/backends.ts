import type { Backend } from "../../core/runtime-config.ts";
import { aiServiceBackend } from "../dialects/ai-gateway/ai-service-backend.ts";
import { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { Resource } from "../resource.ts";
import type { HostPort } from "../values/host-port.ts";
import { compileAiBackend } from "./ai-backends.ts";
import { compileAiServiceBackend } from "./ai-service-backends.ts";
import type { CompileContext } from "./context.ts";
import { compileSecurityPolicies } from "./security-policies.ts";

/** Every backend by id; one that a mock stands in for has the mock's address instead of the provider's. */
export function compileBackends(
  context: CompileContext,
  mocks: ReadonlyMap<string, HostPort>,
): ReadonlyMap<string, Backend> {
  const credentials = compileSecurityPolicies(context);
  const compiled: [Resource<unknown>, Backend][] = [
    ...context.resources
      .all(aiBackend)
      .map((resource): [Resource<unknown>, Backend] => [resource, compileAiBackend(context, resource)]),
    ...context.resources
      .all(aiServiceBackend)
      .map((resource): [Resource<unknown>, Backend] => [
        resource,
        compileAiServiceBackend(context, resource, credentials.get(resource.id)),
      ]),
  ];
  const backends = new Map<string, Backend>();
  for (const [resource, backend] of compiled) {
    if ((context.pairs.get(backend.schema)?.size ?? 0) === 0) {
      context.report.error(
        resource,
        ["spec"],
        `nothing can be translated to the schema ${backend.schema}; supported: ${[...context.pairs.keys()].join(", ")}`,
      );
    }
    const mock = mocks.get(backend.id);
    const endpoint = mock === undefined ? backend.endpoint : { hostname: mock.host, port: mock.port, tls: undefined };
    backends.set(backend.id, { ...backend, endpoint });
  }
  return new Map([...backends].sort(([a], [b]) => (a < b ? -1 : 1)));
}

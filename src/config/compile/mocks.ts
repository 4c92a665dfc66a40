import type { SchemaName } from "../../core/provider.ts";
import { aiServiceBackend } from "../dialects/ai-gateway/ai-service-backend.ts";
import { mockBackend } from "../dialects/tollgate/mock-backend.ts";
import { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { Report } from "../report.ts";
import type { ResourceSet } from "../resource.ts";
import type { HostPort } from "../values/host-port.ts";

/** A mock provider that stands in for the backend `id`. */
export interface MockSpec {
  /** `<namespace>/<name>` of the backend and of the MockBackend. */
  readonly id: string;
  readonly provider: SchemaName;
  /** Where to start it; 0 = a free port. */
  readonly port: number;
  /** Somebody else runs it here; undefined = to be started. */
  readonly address: HostPort | undefined;
  /** The key that it asks for; undefined = any. */
  readonly apiKey: string | undefined;
}

/** Mocks without a known port stand here and above until they are started. */
const firstPort = 18080;

export interface CompiledMocks {
  readonly specs: readonly MockSpec[];
  /** Where the stand-in of a backend is, by the backend's id. */
  readonly addresses: ReadonlyMap<string, HostPort>;
}

/** `started`: where the mocks of `specs` without an address run. Unknown ones get the port that they would have. */
export function compileMocks(
  resources: ResourceSet,
  report: Report,
  started: ReadonlyMap<string, HostPort>,
): CompiledMocks {
  const specs: MockSpec[] = [];
  const addresses = new Map<string, HostPort>();
  for (const [index, resource] of resources.all(mockBackend).entries()) {
    const { id, name } = resource;
    const { provider, port = 0, address, apiKey } = resource.body.spec;
    const standsInFor =
      resources.get(aiBackend, id)?.body.spec.provider.schema ??
      resources.get(aiServiceBackend, id)?.body.spec.schema.name;
    const refused = resources.isRefused("AIBackend", name) || resources.isRefused("AIServiceBackend", name);
    if (standsInFor === undefined && !refused) {
      report.warning(
        resource,
        ["metadata", "name"],
        `there is no AIBackend or AIServiceBackend ${id}; this mock stands in for nothing`,
      );
    } else if (standsInFor !== undefined && standsInFor !== provider) {
      report.error(
        resource,
        ["spec", "provider"],
        `the backend ${id} speaks ${standsInFor}, not ${provider}; write provider: ${standsInFor}`,
      );
    }
    specs.push({ id, provider, port, address, apiKey });
    addresses.set(id, address ?? started.get(id) ?? { host: "127.0.0.1", port: port === 0 ? firstPort + index : port });
  }
  return { specs, addresses };
}

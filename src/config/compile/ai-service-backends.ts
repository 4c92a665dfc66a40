import type { Backend, BackendEndpoint } from "../../core/runtime-config.ts";
import { findProvider, providerAt } from "../data/providers.ts";
import { schemas } from "../data/schemas.ts";
import type { aiServiceBackend } from "../dialects/ai-gateway/ai-service-backend.ts";
import { backend } from "../dialects/gateway-api/backend.ts";
import { resolveReference } from "../references.ts";
import type { ResourceOf } from "../resource.ts";
import { backendEndpoint } from "./backend-endpoint.ts";
import { backendOptions } from "./backend-options.ts";
import type { CompiledAuth } from "./compiled-auth.ts";
import type { CompileContext } from "./context.ts";
import { compileHeaderMutation } from "./header-mutation.ts";
import { vendorFallback } from "./vendor-fallback.ts";

type AiServiceBackend = ResourceOf<typeof aiServiceBackend>;

/** Nothing is sent there: the backend is unusable until its Backend exists. */
const nowhere: BackendEndpoint = { hostname: "127.0.0.1", port: 9, tls: undefined };

function endpointOf(
  context: CompileContext,
  resource: AiServiceBackend,
): { readonly endpoint: BackendEndpoint; readonly unusable: string | undefined } {
  const { backendRef } = resource.body.spec;
  const path = ["spec", "backendRef", "name"];
  const resolved = resolveReference([backend], backendRef, resource, path, context.resources, context.report);
  if (resolved.state === "found") return { endpoint: backendEndpoint(context, resolved.resource), unusable: undefined };
  if (resolved.state === "refused") return { endpoint: nowhere, unusable: `Backend ${backendRef.name} is invalid` };
  context.report.unresolved(resource, path, `${resolved.reason}; add it`);
  return { endpoint: nowhere, unusable: resolved.reason };
}

/** `v1` and `/v1` are one prefix; an empty one means none (translation.md R32). Older OpenAI schemas write it as their version. */
function prefixOf({ name, prefix, version }: AiServiceBackend["body"]["spec"]["schema"]): string | undefined {
  const written = prefix ?? (schemas[name].version === "prefix" && version !== "" ? version : undefined);
  if (written === undefined) return undefined;
  const bare = written.replace(/^\/+|\/+$/g, "");
  return bare === "" ? "" : `/${bare}`;
}

/** An AIServiceBackend with its Backend and credentials (resources.md §3). */
export function compileAiServiceBackend(
  context: CompileContext,
  resource: AiServiceBackend,
  credentials: CompiledAuth | undefined,
): Backend {
  const { schema, headerMutation, bodyMutation } = resource.body.spec;
  const { endpoint, unusable } = endpointOf(context, resource);
  const provider = schemas[schema.name].provider ?? providerAt(endpoint.hostname)?.name;
  if (bodyMutation !== undefined) context.report.warning(resource, ["spec", "bodyMutation"], "is not applied yet");
  return {
    id: resource.id,
    providerName: (provider ?? schema.name).toLowerCase(),
    schema: schema.name,
    endpoint,
    auth: credentials?.auth ?? { type: "None" },
    options: backendOptions(context, {
      resource,
      versionPath: ["spec", "schema", "version"],
      schema: schema.name,
      prefix: prefixOf(schema),
      version: schema.version === "" ? undefined : schema.version,
      provider: provider === undefined ? undefined : findProvider(provider),
    }),
    modelNameOverride: undefined,
    models: new Map(),
    fallback: vendorFallback(context, provider),
    unusable: unusable ?? credentials?.unusable,
    headerMutation: compileHeaderMutation(headerMutation),
  };
}

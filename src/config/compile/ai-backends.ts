import type { Backend, BackendEndpoint } from "../../core/runtime-config.ts";
import type { Provider } from "../data/providers.ts";
import { schemas } from "../data/schemas.ts";
import type { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { ResourceOf } from "../resource.ts";
import type { EndpointUrl } from "../values/endpoint-url.ts";
import { aiBackendAuth, regionOf } from "./auth.ts";
import { backendOptions } from "./backend-options.ts";
import type { CompileContext } from "./context.ts";
import { vendorFallback } from "./vendor-fallback.ts";

function endpointOf(provider: Provider, written: EndpointUrl | undefined, region: string): BackendEndpoint {
  const { port, tls } = written ?? provider;
  const hostname = written?.hostname ?? provider.hostname?.replace("{region}", region) ?? "127.0.0.1";
  return { hostname, port, tls: tls ? { sni: hostname, caFile: undefined, insecureSkipVerify: false } : undefined };
}

/** A provider named by an AIBackend as a backend (resources.md §2). */
export function compileAiBackend(context: CompileContext, resource: ResourceOf<typeof aiBackend>): Backend {
  const { provider, endpoint, model, models, version } = resource.body.spec;
  const facts = schemas[provider.schema];
  if (version !== undefined && facts.version !== "header" && facts.version !== "api-version") {
    context.report.info(resource, ["spec", "version"], `has no effect for ${provider.name}`);
  }
  if (provider.hostname === undefined && endpoint === undefined) {
    context.report.error(
      resource,
      ["spec", "endpoint"],
      `is required for ${provider.name}: the address of your resource, https://NAME.openai.azure.com`,
    );
  }
  const region = facts.regional ? regionOf(context, resource) : "";
  const { auth, unusable } = aiBackendAuth(context, resource, region);
  return {
    id: resource.id,
    providerName: provider.name.toLowerCase(),
    schema: provider.schema,
    endpoint: endpointOf(provider, endpoint, region),
    auth,
    options: backendOptions(context, {
      resource,
      versionPath: ["spec", "version"],
      schema: provider.schema,
      prefix: endpoint?.prefix ?? provider.prefix,
      version,
      provider,
    }),
    modelNameOverride: model,
    models: new Map(Object.entries(models ?? {})),
    fallback: vendorFallback(context, provider.name),
    unusable,
    headerMutation: undefined,
  };
}

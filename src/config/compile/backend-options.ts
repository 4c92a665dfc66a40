import type { SchemaName } from "../../core/provider.ts";
import type { BackendOptions } from "../../core/translator.ts";
import type { Provider } from "../data/providers.ts";
import { schemas } from "../data/schemas.ts";
import type { Path } from "../diagnostics.ts";
import type { Resource } from "../resource.ts";
import { readAzureVersion } from "../values/azure-version.ts";
import type { CompileContext } from "./context.ts";

/** What a resource says of a backend's API, and where it says it. */
export interface WrittenApi {
  readonly resource: Resource<unknown>;
  readonly versionPath: Path;
  readonly schema: SchemaName;
  readonly prefix: string | undefined;
  readonly version: string | undefined;
  readonly provider: Provider | undefined;
}

/** What translators are told of a backend (translation.md §1.6). */
export function backendOptions(context: CompileContext, written: WrittenApi): BackendOptions {
  const { resource, versionPath, schema, prefix, version, provider } = written;
  const facts = schemas[schema];
  const azure = facts.version === "api-version" ? readAzureVersion(version) : undefined;
  if (typeof azure === "string") context.report.error(resource, versionPath, azure);
  return {
    // people copy Azure's addresses with the beginning of the path that belongs to its API
    prefix: facts.version === "api-version" ? prefix?.replace(/\/openai(?:\/v1)?$/, "") : prefix,
    outputLimitMember: provider?.outputLimitMember,
    anthropicVersion: facts.version === "header" ? version : undefined,
    azure: typeof azure === "string" ? undefined : azure,
    defaultMaxTokens: facts.needsMaxTokens ? context.configured.defaults?.maxTokensAnthropic : undefined,
  };
}

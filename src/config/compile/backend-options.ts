import type { SchemaName } from "../../core/provider.ts";
import type { BackendOptions } from "../../core/translator.ts";
import type { Provider } from "../data/providers.ts";
import { schemas } from "../data/schemas.ts";
import type { CompileContext } from "./context.ts";

/** What translators are told of a backend (translation.md §1.6). `version` is the Anthropic API's. */
export function backendOptions(
  context: CompileContext,
  schema: SchemaName,
  prefix: string | undefined,
  version: string | undefined,
  provider: Provider | undefined,
): BackendOptions {
  const facts = schemas[schema];
  return {
    prefix,
    outputLimitMember: provider?.outputLimitMember,
    anthropicVersion: facts.version === "header" ? version : undefined,
    defaultMaxTokens: facts.needsMaxTokens ? context.configured.defaults?.maxTokensAnthropic : undefined,
  };
}

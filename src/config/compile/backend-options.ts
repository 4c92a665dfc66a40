import type { SchemaName } from "../../core/provider.ts";
import type { BackendOptions } from "../../core/translator.ts";
import type { CompileContext } from "./context.ts";

/** What translators are told of a backend (translation.md §1.6). `version` is the Anthropic API's. */
export function backendOptions(
  context: CompileContext,
  schema: SchemaName,
  prefix: string | undefined,
  version: string | undefined,
): BackendOptions {
  const anthropic = schema === "Anthropic";
  return {
    prefix,
    anthropicVersion: anthropic ? version : undefined,
    defaultMaxTokens: anthropic ? context.configured.defaults?.maxTokensAnthropic : undefined,
  };
}

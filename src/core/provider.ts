import type { Api } from "./endpoint.ts";
import type { TranslatorFactory } from "./translator.ts";

/** What a backend speaks (translation.md §0). More follow. */
export type SchemaName = "OpenAI" | "AzureOpenAI" | "Anthropic" | "AWSBedrock";

/** One provider schema: which client APIs can be translated to it. Credentials are independent of it (see auth.ts). */
export interface Provider {
  readonly schema: SchemaName;
  readonly translators: { readonly [A in Api]?: TranslatorFactory };
}

import type { AuthConfig } from "../../core/auth.ts";
import type { SchemaName } from "../../core/provider.ts";

/** What configuration has to know of a schema; how it is spoken is its translators' business. */
export interface SchemaFacts {
  /** How an AIBackend's Secret is used. */
  readonly auth: Exclude<AuthConfig["type"], "None">;
  /** A region is part of the host's name and of the signature. */
  readonly regional: boolean;
  /** What `version` means: the header `anthropic-version`, Azure's `api-version`, the path's prefix (older resources), or nothing. */
  readonly version: "header" | "api-version" | "prefix" | "unused";
  /** The API asks for a maximum of tokens: `defaults.maxTokensAnthropic` stands for a missing one. */
  readonly needsMaxTokens: boolean;
  /** The provider that serves it whatever the host; undefined = the host tells. */
  readonly provider: string | undefined;
}

export const schemas: Readonly<Record<SchemaName, SchemaFacts>> = {
  OpenAI: { auth: "APIKey", regional: false, version: "prefix", needsMaxTokens: false, provider: undefined },
  AzureOpenAI: {
    auth: "AzureAPIKey",
    regional: false,
    version: "api-version",
    needsMaxTokens: false,
    provider: "AzureOpenAI",
  },
  Anthropic: { auth: "AnthropicAPIKey", regional: false, version: "header", needsMaxTokens: true, provider: undefined },
  AWSBedrock: {
    auth: "AWSCredentials",
    regional: true,
    version: "unused",
    needsMaxTokens: false,
    provider: "AWSBedrock",
  },
};

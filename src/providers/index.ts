import type { Provider, SchemaName } from "../core/provider.ts";
import { anthropic } from "./anthropic/index.ts";
import { awsBedrock } from "./aws-bedrock/index.ts";
import { azureOpenai } from "./azure-openai/index.ts";
import { openai } from "./openai/index.ts";

/** Every provider schema that Tollgate can send to. */
export const providers: ReadonlyMap<SchemaName, Provider> = new Map(
  [openai, azureOpenai, anthropic, awsBedrock].map((provider) => [provider.schema, provider]),
);

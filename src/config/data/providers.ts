import type { SchemaName } from "../../core/provider.ts";

/** A provider that can be named in `AIBackend.spec.provider` (resources.md §2). */
export interface Provider {
  readonly name: string;
  readonly schema: SchemaName;
  /** `{region}` stands for the backend's region; undefined = every customer has one of its own. */
  readonly hostname: string | undefined;
  readonly port: number;
  readonly tls: boolean;
  /** Path before `/chat/completions` and its like; undefined = the schema's own (`/v1`). */
  readonly prefix: string | undefined;
  /** Requests without a key make no sense. */
  readonly needsKey: boolean;
  /** The only member that holds a maximum of output tokens, or the one that it prefers; undefined = it takes `max_tokens` and others. */
  readonly outputLimitMember?: string;
  /** Other names for it. */
  readonly aliases: readonly string[];
}

const hosted = { port: 443, tls: true, needsKey: true, prefix: undefined, aliases: [] };
const local = { hostname: "127.0.0.1", tls: false, needsKey: false, prefix: undefined, aliases: [] };

/** Facts from the providers' API references. */
const providers: readonly Provider[] = [
  {
    ...hosted,
    name: "OpenAI",
    schema: "OpenAI",
    hostname: "api.openai.com",
    outputLimitMember: "max_completion_tokens",
  },
  {
    ...hosted,
    name: "AzureOpenAI",
    schema: "AzureOpenAI",
    hostname: undefined,
    outputLimitMember: "max_completion_tokens",
    aliases: ["Azure"],
  },
  { ...hosted, name: "Anthropic", schema: "Anthropic", hostname: "api.anthropic.com" },
  {
    ...hosted,
    name: "AWSBedrock",
    schema: "AWSBedrock",
    hostname: "bedrock-runtime.{region}.amazonaws.com",
    aliases: ["Bedrock"],
  },
  { ...hosted, name: "Groq", schema: "OpenAI", hostname: "api.groq.com", prefix: "/openai/v1" },
  { ...hosted, name: "Mistral", schema: "OpenAI", hostname: "api.mistral.ai", outputLimitMember: "max_tokens" },
  { ...hosted, name: "DeepSeek", schema: "OpenAI", hostname: "api.deepseek.com", outputLimitMember: "max_tokens" },
  { ...hosted, name: "TogetherAI", schema: "OpenAI", hostname: "api.together.xyz" },
  { ...hosted, name: "OpenRouter", schema: "OpenAI", hostname: "openrouter.ai", prefix: "/api/v1" },
  { ...hosted, name: "Fireworks", schema: "OpenAI", hostname: "api.fireworks.ai", prefix: "/inference/v1" },
  { ...hosted, name: "xAI", schema: "OpenAI", hostname: "api.x.ai" },
  {
    ...hosted,
    name: "Gemini",
    schema: "OpenAI",
    hostname: "generativelanguage.googleapis.com",
    prefix: "/v1beta/openai",
  },
  { ...local, name: "Ollama", schema: "OpenAI", port: 11434, outputLimitMember: "max_tokens" },
  { ...local, name: "vLLM", schema: "OpenAI", port: 8000 },
];

/** Known and not served yet. */
const unserved = ["GCPVertexAI", "GCPAnthropic", "AWSAnthropic", "Cohere"];

export const providerNames: readonly string[] = providers.map(({ name }) => name);

/** `AWS Bedrock`, `aws-bedrock` and `AWSBedrock` are one name. */
const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, "");

const byName = new Map(
  providers.flatMap((provider) => [provider.name, ...provider.aliases].map((name) => [plain(name), provider])),
);
const byHostname = new Map(
  providers.flatMap((provider) =>
    provider.tls && provider.hostname !== undefined ? [[provider.hostname, provider]] : [],
  ),
);

export function findProvider(name: string): Provider | undefined {
  return byName.get(plain(name));
}

export function isUnservedProvider(name: string): boolean {
  return unserved.some((known) => plain(known) === plain(name));
}

/** Whose API host this is. */
export function providerAt(hostname: string): Provider | undefined {
  return (
    byHostname.get(hostname) ??
    byHostname.get(hostname.replace(/^bedrock-runtime\.[^.]+\./, "bedrock-runtime.{region}."))
  );
}

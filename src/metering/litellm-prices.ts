import type { Price, PriceRates, TokenRates } from "../core/prices.ts";
import { parseRatePerToken } from "../lib/money.ts";

/** One model of LiteLLM's price table (`model_prices_and_context_window.json`). */
export interface ImportedPrice {
  /** As a PriceBook names it. */
  readonly provider: string;
  /** As it is named upstream. */
  readonly model: string;
  readonly price: Price;
}

export interface ImportedPrices {
  readonly prices: readonly ImportedPrice[];
  /** How many were left out, by the reason. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** LiteLLM's names of providers that we serve. */
const providerNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    openai: "OpenAI",
    "text-completion-openai": "OpenAI",
    anthropic: "Anthropic",
    bedrock: "AWSBedrock",
    bedrock_converse: "AWSBedrock",
    groq: "Groq",
    mistral: "Mistral",
    deepseek: "DeepSeek",
    together_ai: "TogetherAI",
    openrouter: "OpenRouter",
    fireworks_ai: "Fireworks",
    xai: "xAI",
    gemini: "Gemini",
    ollama: "Ollama",
    hosted_vllm: "vLLM",
  }),
);

/** Run by oneself: there 0 is a price. Elsewhere it stands for one that is not known. */
const local: readonly string[] = ["Ollama", "vLLM"];

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A rate; the shortest decimal form of a JSON number is what was written. */
function rate(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" ? parseRatePerToken(String(value)) : undefined;
}

/** With `suffix`, the rates above a step or of a tier; what it does not say is as `otherwise`. */
function toRates(fields: Fields, suffix = "", otherwise?: Partial<TokenRates>): TokenRates | undefined {
  const input = rate(fields, `input_cost_per_token${suffix}`) ?? otherwise?.input;
  if (input === undefined) return undefined;
  return {
    input,
    output: rate(fields, `output_cost_per_token${suffix}`) ?? otherwise?.output ?? 0, // embeddings have none
    cacheRead: rate(fields, `cache_read_input_token_cost${suffix}`) ?? otherwise?.cacheRead,
    cacheWrite: rate(fields, `cache_creation_input_token_cost${suffix}`) ?? otherwise?.cacheWrite,
    cacheWrite1h: rate(fields, `cache_creation_input_token_cost_above_1hr${suffix}`) ?? otherwise?.cacheWrite1h,
  };
}

/** `tierSuffix` is the end of the members that are of one tier; empty = those of the ordinary one. */
function toPriceRates(fields: Fields, tierSuffix = "", otherwise?: Partial<TokenRates>): PriceRates | undefined {
  const rates = toRates(fields, tierSuffix, otherwise);
  if (rates === undefined) return undefined;
  const longContext = Object.keys(fields)
    .flatMap((name) => {
      const [, thousands, end] = /^input_cost_per_token_above_(\d{1,6})k_tokens(_[a-z]+)?$/.exec(name) ?? [];
      return thousands === undefined || (end ?? "") !== tierSuffix ? [] : [Number(thousands)];
    })
    .sort((a, b) => a - b)
    .flatMap((thousands) => {
      const above = toRates(fields, `_above_${thousands}k_tokens${tierSuffix}`, rates);
      return above === undefined ? [] : [{ inputTokensAbove: thousands * 1_000, rates: above }];
    });
  return { rates, longContext };
}

/** Its own names of the tiers. */
const tierSuffixes = { flex: "_flex", priority: "_priority", batch: "_batches" } as const;

/**
 * A tier is listed when its input rate is. What else it does not say is as in the ordinary one; but what priority reads from a
 * cache or writes to it would be too cheap by that, and is charged as input.
 */
function toTiers(fields: Fields, ordinary: TokenRates): Price["tiers"] {
  const tier = (name: keyof typeof tierSuffixes, otherwise: Partial<TokenRates>): Price["tiers"] => {
    const suffix = tierSuffixes[name];
    if (rate(fields, `input_cost_per_token${suffix}`) === undefined) return {};
    const listed = toPriceRates(fields, suffix, otherwise);
    return listed === undefined ? {} : { [name]: listed };
  };
  const tiers = {
    ...tier("flex", ordinary),
    ...tier("priority", { output: ordinary.output }),
    ...tier("batch", ordinary),
  };
  return Object.keys(tiers).length === 0 ? undefined : tiers;
}

function toPrice(fields: Fields): Price | undefined {
  const listed = toPriceRates(fields);
  if (listed === undefined) return undefined;
  const tiers = toTiers(fields, listed.rates);
  return { ...listed, ...(tiers === undefined ? {} : { tiers }), source: "LiteLLM" };
}

/** The name sent upstream: LiteLLM writes its provider before it. Undefined for a region's own price. */
function upstreamName(name: string, tableProvider: string): string | undefined {
  const family = tableProvider.replace(/^bedrock_converse$/, "bedrock");
  const bare = name.startsWith(`${family}/`) ? name.slice(family.length + 1) : name;
  return family === "bedrock" && bare.includes("/") ? undefined : bare;
}

/** What is imported of one model, or why it is not. */
function importModel(name: string, fields: unknown): ImportedPrice | string {
  if (!isFields(fields)) return "not a model";
  const tableProvider = typeof fields["litellm_provider"] === "string" ? fields["litellm_provider"] : "";
  const provider = providerNames.get(tableProvider);
  if (provider === undefined) return "of providers that are not served";
  const model = upstreamName(name, tableProvider);
  if (model === undefined) return "for one region only";
  if (model.includes("*") || model === "") return "not a model's name";
  const price = toPrice(fields);
  if (price === undefined) return "not priced by tokens";
  const isFree = price.rates.input === 0 && price.rates.output === 0;
  return isFree && !local.includes(provider) ? "priced at 0" : { provider, model, price };
}

/** Reads LiteLLM's price table; undefined when it is none. Of a model that has two entries the first is taken. */
export function readLiteLlmPrices(table: unknown): ImportedPrices | undefined {
  if (!isFields(table)) return undefined;
  const skipped = new Map<string, number>();
  const skip = (reason: string): void => void skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  const prices = new Map<string, ImportedPrice>();
  for (const [name, fields] of Object.entries(table)) {
    if (name === "sample_spec") continue; // its documentation
    const imported = importModel(name, fields);
    if (typeof imported === "string") {
      skip(imported);
      continue;
    }
    const key = `${imported.provider} ${imported.model}`;
    if (prices.has(key)) skip("there already under another name");
    else prices.set(key, imported);
  }
  return { prices: [...prices.values()], skipped };
}

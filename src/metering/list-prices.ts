import { calcPrice, findProvider, type ModelInfo, type ModelPrice } from "@pydantic/genai-prices";
import type { Price, TokenRates } from "../core/prices.ts";
import { parseNanoUsd } from "../lib/money.ts";

/** The table that was installed; it brings no version of its own, so a test compares this with package.json. */
export const listVersion = "genai-prices 0.1.8";

/** Our providers by the table's names. Who is not here (Ollama, vLLM) has no list prices. */
const tableNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    openai: "openai",
    anthropic: "anthropic",
    awsbedrock: "aws",
    groq: "groq",
    mistral: "mistral",
    deepseek: "deepseek",
    togetherai: "together",
    openrouter: "openrouter",
    fireworks: "fireworks",
    xai: "x-ai",
    gemini: "google",
    azureopenai: "azure",
    gcpvertexai: "google",
    gcpanthropic: "google",
    cohere: "cohere",
  }),
);

/** Aggregators list everybody's models and experiments: they say nothing of what is dear elsewhere. */
const notTypical = new Set(["openrouter"]);

const maxRemembered = 1_000;

/** What was found of models, by provider and model: names are matched by patterns, one after the other. */
const remembered = new Map<string, ModelInfo | undefined>();

function findModel(provider: string, model: string): ModelInfo | undefined {
  const providerId = tableNames.get(provider);
  if (providerId === undefined) return undefined;
  const key = `${providerId} ${model}`;
  if (remembered.has(key)) return remembered.get(key);
  // only the model is taken from the result: its sums are floats
  const found = calcPrice({}, model, { providerId })?.model;
  if (remembered.size >= maxRemembered) remembered.clear(); // clients choose names
  remembered.set(key, found);
  return found;
}

/** The dated table's price of a model, of whichever of its times this is; undefined when it has none. */
export function listPrice(provider: string, model: string, atMs: number): Price | undefined {
  const found = findModel(provider, model);
  return found && toPrice(pricesAt(found, atMs));
}

/** Later entries hold before earlier ones, the first without a condition. */
function pricesAt({ prices }: ModelInfo, atMs: number): ModelPrice {
  if (!Array.isArray(prices)) return prices;
  const applies = prices.findLast(({ constraint }) => {
    if (constraint === undefined) return true;
    if (constraint.type === "start_date") return atMs >= Date.parse(constraint.start_date);
    const time = new Date(atMs).toISOString().slice(11, 19);
    const [start, end] = [constraint.start_time.slice(0, 8), constraint.end_time.slice(0, 8)];
    return start <= end ? time >= start && time < end : time >= start || time < end;
  });
  return applies?.prices ?? prices[0]?.prices ?? {};
}

/** One of the rates of a request with more input than this. */
function rateOf(price: ModelPrice, name: string, inputTokensAbove: number): number | undefined {
  const value = price[name];
  if (value === undefined) return undefined;
  if (typeof value === "number") return parseNanoUsd(String(value));
  return parseNanoUsd(String(value.tiers.findLast(({ start }) => start <= inputTokensAbove)?.price ?? value.base));
}

/** Undefined unless the model is priced by tokens: images and minutes are not what we meter. */
function toRates(price: ModelPrice, inputTokensAbove: number): TokenRates | undefined {
  const rate = (name: string): number | undefined => rateOf(price, name, inputTokensAbove);
  const input = rate("input_mtok");
  if (input === undefined) return undefined;
  return {
    input,
    output: rate("output_mtok") ?? 0, // embeddings have none
    cacheRead: rate("cache_read_mtok"),
    cacheWrite: rate("cache_write_mtok"),
    cacheWrite1h: rate("cache_write_1h_mtok"),
  };
}

/** Made once for each entry of the table. */
const converted = new WeakMap<ModelPrice, Price>();

function toPrice(price: ModelPrice): Price | undefined {
  const known = converted.get(price);
  if (known !== undefined) return known;
  const rates = toRates(price, 0);
  if (rates === undefined) return undefined;
  const tokenRates = Object.entries(price).filter(([name]) => name.endsWith("_mtok"));
  const starts = tokenRates.flatMap(([, value]) =>
    typeof value === "object" ? value.tiers.map(({ start }) => start) : [],
  );
  const longContext = [...new Set(starts)]
    .sort((a, b) => a - b)
    .flatMap((inputTokensAbove) => {
      const above = toRates(price, inputTokensAbove);
      return above === undefined ? [] : [{ inputTokensAbove, rates: above }];
    });
  const made: Price = { rates, longContext, source: listVersion };
  converted.set(price, made);
  return made;
}

/** Every price that the table has of a provider, at whatever time. */
function allPrices(tableName: string): readonly Price[] {
  const models = findProvider({ providerId: tableName })?.models ?? [];
  return models
    .flatMap(({ prices }) => (Array.isArray(prices) ? prices.map((one) => one.prices) : [prices]))
    .flatMap((price) => toPrice(price) ?? []);
}

const dearest = new Map<string, Price>();

/** The dearest rates of a provider's list, or of everybody's when it has no list: an upper bound for a model without a price. */
export function dearestListPrice(provider: string): Price {
  const tableName = tableNames.get(provider) ?? "";
  const known = dearest.get(tableName);
  if (known !== undefined) return known;
  const typical = [...tableNames.values()].filter((name) => !notTypical.has(name));
  const rates = (tableName === "" ? [...new Set(typical)] : [tableName])
    .flatMap(allPrices)
    .flatMap((price) => [price.rates, ...price.longContext.map((step) => step.rates)]);
  const most = (read: (rate: TokenRates) => number | undefined): number =>
    rates.reduce((highest, rate) => Math.max(highest, read(rate) ?? 0), 0);
  const input = most((rate) => rate.input);
  const output = most((rate) => rate.output);
  // where a cache rate is missing, the rate before it holds
  const cacheRead = Math.max(
    input,
    most((rate) => rate.cacheRead),
  );
  const cacheWrite = Math.max(
    input,
    most((rate) => rate.cacheWrite),
  );
  const cacheWrite1h = Math.max(
    cacheWrite,
    most((rate) => rate.cacheWrite1h),
  );
  const made: Price = {
    rates: { input, output, cacheRead, cacheWrite, cacheWrite1h },
    longContext: [],
    source: `the dearest rates in ${listVersion}`,
  };
  dearest.set(tableName, made);
  return made;
}

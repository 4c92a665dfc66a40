import { expect } from "chai";
import { readLiteLlmPrices } from "../../src/metering/litellm-prices.ts";

const priced = (litellm_provider: string, more: object = {}) => ({
  litellm_provider,
  mode: "chat",
  input_cost_per_token: 2.5e-6,
  output_cost_per_token: 1e-5,
  ...more,
});

/** `provider model` of what is imported. */
function names(table: object): readonly string[] {
  return (readLiteLlmPrices(table)?.prices ?? []).map(({ provider, model }) => `${provider} ${model}`);
}

describe("readLiteLlmPrices", () => {
  it("L30: reads dollars per token as exact rates per million tokens", () => {
    const table = {
      "claude-x": priced("anthropic", {
        cache_read_input_token_cost: 3.625e-9,
        cache_creation_input_token_cost: 3.75e-6,
        cache_creation_input_token_cost_above_1hr: 6e-6,
        input_cost_per_token_above_200k_tokens: 6e-6,
        output_cost_per_token_above_200k_tokens: 2.25e-5,
        cache_creation_input_token_cost_above_1hr_above_200k_tokens: 1.2e-5,
        input_cost_per_token_above_128k_tokens: 4e-6,
      }),
    };
    expect(readLiteLlmPrices(table)?.prices[0]?.price).to.deep.equal({
      rates: {
        input: 2_500_000_000,
        output: 10_000_000_000,
        cacheRead: 3_625_000,
        cacheWrite: 3_750_000_000,
        cacheWrite1h: 6_000_000_000,
      },
      longContext: [
        {
          inputTokensAbove: 128_000,
          rates: {
            input: 4_000_000_000,
            output: 10_000_000_000,
            cacheRead: 3_625_000,
            cacheWrite: 3_750_000_000,
            cacheWrite1h: 6_000_000_000,
          },
        },
        {
          inputTokensAbove: 200_000,
          rates: {
            input: 6_000_000_000,
            output: 22_500_000_000,
            cacheRead: 3_625_000,
            cacheWrite: 3_750_000_000,
            cacheWrite1h: 12_000_000_000,
          },
        },
      ],
      source: "LiteLLM",
    });
  });

  it("names models as they are named upstream", () => {
    expect(
      names({
        "gpt-4o": priced("openai"),
        "groq/llama-3": priced("groq"),
        "together_ai/meta-llama/Llama-3": priced("together_ai"),
        "anthropic.claude-v2": priced("bedrock_converse"),
        "bedrock/us.anthropic.claude-v3": priced("bedrock"),
      }),
    ).to.deep.equal([
      "OpenAI gpt-4o",
      "Groq llama-3",
      "TogetherAI meta-llama/Llama-3",
      "AWSBedrock anthropic.claude-v2",
      "AWSBedrock us.anthropic.claude-v3",
    ]);
  });

  it("leaves out what has no price here, and counts it", () => {
    const free = { input_cost_per_token: 0, output_cost_per_token: 0 };
    const imported = readLiteLlmPrices({
      sample_spec: priced("openai"),
      "gpt-4o": priced("openai"),
      "openai/gpt-4o": priced("openai", { input_cost_per_token: 1 }),
      "watsonx/granite": priced("watsonx"),
      "bedrock/us-east-1/anthropic.claude-v2": priced("bedrock"),
      "dall-e-3": { litellm_provider: "openai", input_cost_per_pixel: 1e-8 },
      "gpt-free": priced("openai", free),
      "groq/*": priced("groq"),
      odd: "text",
      "ollama/llama3": priced("ollama", free),
    });
    expect(imported?.prices.map(({ model }) => model)).to.deep.equal(["gpt-4o", "llama3"]);
    expect(Object.fromEntries(imported?.skipped ?? [])).to.deep.equal({
      "there already under another name": 1,
      "of providers that are not served": 1,
      "for one region only": 1,
      "not priced by tokens": 1,
      "priced at 0": 1,
      "not a model's name": 1,
      "not a model": 1,
    });
  });

  it("ignores rates that are no amounts", () => {
    for (const input_cost_per_token of ["2.5e-6", -1, null, 1e300])
      expect(names({ m: priced("openai", { input_cost_per_token }) })).to.deep.equal([]);
  });

  it("is not fooled by what is no table", () => {
    for (const table of [null, [], "text", 5]) expect(readLiteLlmPrices(table)).to.equal(undefined);
  });

  it("L30: reads the tiers whose input has a price; what they do not say is ordinary, but priority's caches never", () => {
    const table = {
      "gpt-x": priced("openai", {
        cache_read_input_token_cost: 2.5e-7,
        input_cost_per_token_flex: 1.25e-6,
        output_cost_per_token_flex: 5e-6,
        cache_read_input_token_cost_flex: 1.25e-7,
        input_cost_per_token_batches: 1.25e-6,
        input_cost_per_token_priority: 5e-6,
        output_cost_per_token_priority: 2e-5,
        input_cost_per_token_above_200k_tokens_priority: 1e-5,
        input_cost_per_token_above_128k_tokens: 3e-6,
      }),
      "gpt-y": priced("openai", { output_cost_per_token_priority: 2e-5 }),
    };
    const none = { cacheWrite: undefined, cacheWrite1h: undefined };
    const [x, y] = readLiteLlmPrices(table)?.prices ?? [];
    expect(x?.price.longContext.map(({ inputTokensAbove }) => inputTokensAbove)).to.deep.equal([128_000]);
    expect(x?.price.tiers).to.deep.equal({
      flex: {
        rates: { input: 1_250_000_000, output: 5_000_000_000, cacheRead: 125_000_000, ...none },
        longContext: [],
      },
      priority: {
        rates: { input: 5_000_000_000, output: 20_000_000_000, cacheRead: undefined, ...none },
        longContext: [
          {
            inputTokensAbove: 200_000,
            rates: { input: 10_000_000_000, output: 20_000_000_000, cacheRead: undefined, ...none },
          },
        ],
      },
      batch: {
        rates: { input: 1_250_000_000, output: 10_000_000_000, cacheRead: 250_000_000, ...none },
        longContext: [],
      },
    });
    expect(y?.price).not.to.have.property("tiers");
  });
});

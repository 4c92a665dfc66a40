import { readFileSync } from "node:fs";
import { expect } from "chai";
import { dearestListPrice, listPrice, listVersion } from "../../src/metering/list-prices.ts";

const nowMs = Date.UTC(2026, 0, 15, 12);

/** Dollars per million tokens. */
function dollars(provider: string, model: string, atMs = nowMs): readonly (number | undefined)[] | undefined {
  const price = listPrice(provider, model, atMs);
  if (price === undefined) return undefined;
  const { input, output, cacheRead, cacheWrite, cacheWrite1h } = price.rates;
  return [input, output, cacheRead, cacheWrite, cacheWrite1h].map((rate) => rate && rate / 1e9);
}

describe("listPrice", () => {
  it("L30: names the version of the table that is installed", () => {
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(`genai-prices ${dependencies["@pydantic/genai-prices"]}`).to.equal(listVersion);
    expect(listPrice("openai", "gpt-4o", nowMs)?.source).to.equal(listVersion);
  });

  it("L30: knows the models of the tutorial, by each of their names", () => {
    expect(dollars("openai", "gpt-4o")).to.deep.equal([2.5, 10, 1.25, undefined, undefined]);
    expect(dollars("openai", "gpt-4o-2024-08-06")).to.deep.equal(dollars("openai", "gpt-4o"));
    expect(dollars("openai", "gpt-4o-mini")).to.deep.equal([0.15, 0.6, 0.075, undefined, undefined]);
    expect(dollars("anthropic", "claude-sonnet-4-20250514")).to.deep.equal([3, 15, 0.3, 3.75, 6]);
    expect(dollars("awsbedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0")?.slice(0, 4)).to.deep.equal([
      3, 15, 0.3, 3.75,
    ]);
  });

  it("L30: prices follow the time of the request", () => {
    expect(dollars("openai", "o3", Date.UTC(2025, 5, 9))?.slice(0, 2)).to.deep.equal([10, 40]);
    expect(dollars("openai", "o3", Date.UTC(2025, 5, 10))?.slice(0, 2)).to.deep.equal([2, 8]);
    expect(dollars("deepseek", "deepseek-reasoner", Date.UTC(2026, 0, 1, 12))?.slice(0, 2)).to.deep.equal([0.55, 2.19]);
    expect(dollars("deepseek", "deepseek-reasoner", Date.UTC(2026, 0, 1, 0, 29, 59))?.[0]).to.equal(0.135);
    expect(dollars("deepseek", "deepseek-reasoner", Date.UTC(2026, 0, 1, 0, 30))?.[0]).to.equal(0.55);
    expect(dollars("deepseek", "deepseek-reasoner", Date.UTC(2026, 0, 1, 16, 30))?.[0]).to.equal(0.135);
  });

  it("L30: long-context rates come with the number of tokens they begin above", () => {
    const price = listPrice("openai", "gpt-5.4", nowMs);
    expect(price?.longContext.map((step) => step.inputTokensAbove)).to.deep.equal([271_999]);
    expect(price?.longContext[0]?.rates).to.include({ input: 5_000_000_000, output: 22_500_000_000 });
  });

  it("does not know models of others, of nobody, or such as are not priced by tokens", () => {
    for (const [provider, model] of [
      ["openai", "no-such-model"],
      ["openai", "claude-sonnet-4-20250514"],
      ["openai", "toString"],
      ["ollama", "gpt-4o"],
      ["constructor", "gpt-4o"],
    ] as const)
      expect(listPrice(provider, model, nowMs), model).to.equal(undefined);
  });

  it("answers the same however often and in whatever order it is asked", () => {
    for (let count = 0; count < 1_100; count++)
      expect(listPrice("openai", `made-up-${count}`, nowMs)).to.equal(undefined);
    expect(dollars("openai", "gpt-4o")?.[0]).to.equal(2.5);
  });
});

describe("dearestListPrice", () => {
  it("L30: is never below a price of the provider, and below nothing that anybody asks where it has no list", () => {
    for (const [provider, model] of [
      ["openai", "gpt-4o"],
      ["openai", "gpt-5.4-pro"],
      ["anthropic", "claude-sonnet-4-20250514"],
      ["awsbedrock", "us.anthropic.claude-opus-4-20250514-v1:0"],
    ] as const) {
      const price = listPrice(provider, model, nowMs);
      const all = [price?.rates, ...(price?.longContext ?? []).map(({ rates }) => rates)];
      for (const stand of [dearestListPrice(provider).rates, dearestListPrice("vllm").rates]) {
        for (const rates of all) {
          expect(stand.input).to.be.at.least(rates?.input ?? Number.POSITIVE_INFINITY);
          expect(stand.output).to.be.at.least(rates?.output ?? Number.POSITIVE_INFINITY);
          expect(stand.cacheRead).to.be.at.least(rates?.cacheRead ?? 0);
          expect(stand.cacheWrite).to.be.at.least(rates?.cacheWrite ?? 0);
          expect(stand.cacheWrite1h).to.be.at.least(rates?.cacheWrite1h ?? 0);
        }
      }
    }
  });
});

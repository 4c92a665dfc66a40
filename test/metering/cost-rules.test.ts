import { expect } from "chai";
import fc from "fast-check";
import type { Quote } from "../../src/core/prices.ts";
import type { CostContext, CostRule } from "../../src/core/runtime-config.ts";
import type { TokenUsage } from "../../src/core/usage.ts";
import { compileCostRule, costTypes } from "../../src/metering/cost-rules.ts";
import { evaluateCosts } from "../../src/metering/costs.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";

const book = makePriceBook([], "");

function quote(model: string): Quote {
  return book.quote({ provider: "openai", backendId: "ai/openai", model, atMs: 0 });
}

function context(usage: TokenUsage, changes: Partial<CostContext> = {}): CostContext {
  return {
    model: "gpt-4o",
    backend: "ai/openai",
    routeName: "ai/llm",
    usage,
    quote: () => quote("gpt-4o"),
    ...changes,
  };
}

const usage: TokenUsage = { input: 100, cachedInput: 30, cacheWrite: 20, output: 50, reasoning: 10, total: 150 };

function compiled(type: string, cel?: string): CostRule {
  const rule = compileCostRule({ metadataKey: "key", type, cel });
  if ("error" in rule) throw new Error(rule.error);
  return rule;
}

function errorOf(type: string, cel?: string): string {
  const rule = compileCostRule({ metadataKey: "key", type, cel });
  if (!("error" in rule)) throw new Error("it compiled");
  return rule.error;
}

function value(cel: string, of = context(usage)): number {
  const result = compiled("CEL", cel).evaluate(of);
  expect(result.failed, cel).to.equal(undefined);
  return result.value;
}

describe("compileCostRule", () => {
  for (const [type, expected] of [
    ["InputToken", 100],
    ["OutputToken", 50],
    ["TotalToken", 150],
    ["CachedInputToken", 30],
    ["CacheCreationInputToken", 20],
    ["ReasoningToken", 10],
  ] as const) {
    it(`L3: ${type}`, () => {
      expect(compiled(type).evaluate(context(usage))).to.deep.equal({ value: expected });
      expect(compiled(type).evaluate(context({}))).to.deep.equal({ value: 0 });
    });
  }

  it("L12: a cost above 1e9 is capped and says so", () => {
    expect(compiled("TotalToken").evaluate(context({ total: 1_000_000_000 }))).to.deep.equal({ value: 1_000_000_000 });
    expect(compiled("TotalToken").evaluate(context({ total: 1_000_000_001 }))).to.deep.equal({
      value: 1_000_000_000,
      capped: true,
    });
    expect(compiled("CEL", "total_tokens * 100000000").evaluate(context(usage))).to.include({ capped: true });
  });

  it("L3: an unknown type, CEL without an expression say what to do", () => {
    expect(errorOf("Tokens")).to.include("Tokens").and.to.include(costTypes.join(", "));
    expect(errorOf("CEL")).to.include("needs an expression");
    expect(errorOf("CEL", "  ")).to.include("needs an expression");
  });

  it("L3: USD gives micro-dollars of the price book, rounded up", () => {
    // 70 × 2.50 (cache writes at the input rate) + 30 × 1.25 + 50 × 10.00
    expect(compiled("USD").evaluate(context(usage))).to.deep.equal({ value: 713 });
    expect(compiled("USD").evaluate(context({}))).to.deep.equal({ value: 0 });
    expect(compiled("USD").evaluate(context({ input: 1 }))).to.deep.equal({ value: 3 });
  });

  it("L12: a cost above a thousand dollars is capped and says so", () => {
    expect(compiled("USD").evaluate(context({ output: 100_000_000 }))).to.deep.equal({ value: 1_000_000_000 });
    expect(compiled("USD").evaluate(context({ output: 100_000_001 }))).to.include({ capped: true });
  });

  it("L30: a model without a price is charged at the dearest rates and says so", () => {
    const priced = compiled("USD").evaluate(context(usage)).value;
    const unpriced = compiled("USD").evaluate(context(usage, { quote: () => quote("made-up") }));
    expect(unpriced.value).to.be.above(priced);
    expect(unpriced.unpriced).to.match(/^the dearest rates in genai-prices/);
  });

  it("L30: USD charges the tier that served, and says when priority has no rates", () => {
    const flat = (input: number) => ({
      rates: { input, output: 0, cacheRead: undefined, cacheWrite: undefined, cacheWrite1h: undefined },
      longContext: [],
    });
    const price = { ...flat(2_000_000_000), tiers: { flex: flat(1_000_000_000) }, source: "test" };
    const cost = (serviceTier: TokenUsage["serviceTier"]) =>
      compiled("USD").evaluate(context({ input: 10, serviceTier }, { quote: () => ({ price, known: true }) }));
    expect(cost("flex")).to.deep.equal({ value: 10 });
    expect(cost("batch")).to.deep.equal({ value: 20 });
    expect(cost("priority")).to.deep.equal({ value: 20, unpricedTier: "priority" });
  });

  it("asks for the price of a model only where a cost is in dollars", () => {
    const untouched = context(usage, {
      quote: () => {
        throw new Error("not needed");
      },
    });
    for (const rule of [compiled("TotalToken"), compiled("CEL", "input_tokens")]) rule.evaluate(untouched);
  });

  it("L5: unsigned numbers, signed numbers and doubles", () => {
    expect(value("input_tokens + output_tokens * 4u")).to.equal(300);
    expect(value("input_tokens + output_tokens * 4")).to.equal(300);
    expect(value("input_tokens * 0.25 + output_tokens * 1.0")).to.equal(75);
  });

  it("L5: every variable", () => {
    expect(value("cached_input_tokens * 1000 + cache_creation_input_tokens * 10 + reasoning_tokens")).to.equal(30_210);
    expect(value("total_tokens")).to.equal(150);
    expect(value('model == "gpt-4o" ? 1 : 2')).to.equal(1);
    expect(value('backend == "ai/openai" && route_name == "ai/llm" ? 7 : 8')).to.equal(7);
  });

  it("L5: what is not told is 0 in an expression", () => {
    expect(value("input_tokens + cached_input_tokens", context({ input: 3, total: 3 }))).to.equal(3);
  });

  it("L5: a double is rounded half away from zero", () => {
    expect(value("double(input_tokens) * 0.005")).to.equal(1);
    expect(value("output_tokens * 0.05")).to.equal(3);
    expect(value("output_tokens * 0.0499")).to.equal(2);
  });

  it("L5: expressions are tried with samples that are not zeros", () => {
    expect(value("output_tokens * 100u / total_tokens")).to.equal(33);
  });

  for (const cel of [
    "input_tokens - 1000",
    "input_tokens - 1000.0",
    "1 / (input_tokens - 100)",
    "0.0 / (input_tokens - 100.0)",
    "1.0 / (input_tokens - 100.0)",
  ]) {
    it(`L5: ${cel} falls back to the total tokens when it cannot be computed, and says why`, () => {
      const computed = compiled("CEL", cel).evaluate(context(usage));
      expect(computed.value).to.equal(150);
      expect(computed.failed).to.be.a("string").and.not.equal("");
    });
  }

  it("L5: the diagnostic of a syntax error or an unknown name says it once", () => {
    expect(errorOf("CEL", "input_tokens +")).to.match(/^the expression cannot be used: /);
    const unknown = errorOf("CEL", "input_token * 2");
    expect(unknown).to.include("input_token").and.not.include("; with");
  });

  it("L5: an expression that gives no number is refused, with the reasons", () => {
    expect(errorOf("CEL", '"text"')).to.include("string");
    expect(errorOf("CEL", "input_tokens > 3")).to.include("bool");
    expect(errorOf("CEL", 'input_tokens + "a"')).to.include("with uint variables").and.include("with double variables");
  });

  it("L3, L5, L12: property: whatever the usage, the cost is an integer 0 … 1e9 and nothing is thrown", () => {
    const rules = [
      compiled("TotalToken"),
      compiled("USD"),
      compiled("CEL", "input_tokens - cached_input_tokens + output_tokens * 4u"),
      compiled("CEL", "input_tokens - 5 * cached_input_tokens"),
      compiled("CEL", "input_tokens * 0.25 - output_tokens * 1.5"),
      compiled("CEL", "output_tokens / total_tokens"),
    ];
    const count = fc.option(fc.oneof(fc.nat(1_000_000), fc.maxSafeNat(), fc.constant(0.5)), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ input: count, cachedInput: count, output: count, total: count }), (told) => {
        for (const rule of rules) {
          const { value: cost } = rule.evaluate(context(told));
          expect(Number.isInteger(cost) && cost >= 0 && cost <= 1_000_000_000, String(cost)).to.equal(true);
          expect(Object.is(cost, -0)).to.equal(false);
        }
      }),
    );
  });
});

describe("evaluateCosts", () => {
  it("L3: gives every rule's value by its key, and names what was capped and what failed", () => {
    const rule = (metadataKey: string, type: string, cel?: string): CostRule => {
      const made = compileCostRule({ metadataKey, type, cel });
      if ("error" in made) throw new Error(made.error);
      return made;
    };
    const rules = [
      rule("tokens", "TotalToken"),
      rule("dear", "CEL", "total_tokens * 100000000"),
      rule("broken", "CEL", "input_tokens - 1000"),
    ];
    const { values, capped, failed } = evaluateCosts(rules, context(usage));
    expect(values).to.deep.equal({ tokens: 150, dear: 1_000_000_000, broken: 150 });
    expect(capped).to.deep.equal(["dear"]);
    expect(failed.map(({ key }) => key)).to.deep.equal(["broken"]);
  });
});

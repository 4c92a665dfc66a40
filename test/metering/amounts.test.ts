import { expect } from "chai";
import type { BudgetUnit } from "../../src/core/budget.ts";
import type { Price } from "../../src/core/prices.ts";
import type { CostContext, CostRule } from "../../src/core/runtime-config.ts";
import { amountOf, mostOf } from "../../src/metering/amounts.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import type { TokenBound } from "../../src/metering/usage-meter.ts";

function rule(type: string, cel?: string): CostRule {
  const compiled = compileCostRule({ metadataKey: "key", type, cel });
  if ("error" in compiled) throw new Error(compiled.error);
  return compiled;
}

/** Nano-dollars per token. */
function rates(input: number, output: number) {
  const none = { cacheRead: undefined, cacheWrite: undefined, cacheWrite1h: undefined };
  return { input: input * 1e6, output: output * 1e6, ...none };
}

const price: Price = {
  rates: rates(3, 15),
  longContext: [],
  tiers: { priority: { rates: rates(6, 30), longContext: [] } },
  source: "test",
};
const context: Omit<CostContext, "usage"> = {
  model: "m",
  backend: "ai/b",
  routeName: "ai/r",
  quote: () => ({ price, known: true }),
};
const cost: BudgetUnit = { kind: "Cost", metadataKey: "key" };
const bound: TokenBound = { inputTokens: 100, outputTokens: 50 };

describe("amountOf", () => {
  const usage = { input: 10, output: 4, total: 20 };

  it("is dollars, tokens, or the value of the rule that writes the budget's key", () => {
    expect(amountOf({ kind: "USD" }, [], { ...context, usage })).to.equal(90n);
    expect(amountOf({ kind: "Tokens" }, [], { ...context, usage })).to.equal(20n);
    expect(amountOf(cost, [rule("CEL", "input_tokens * 2 + output_tokens")], { ...context, usage })).to.equal(24n);
  });

  it("adds input and output where no total was told, and counts nothing for a key that nobody writes", () => {
    expect(amountOf({ kind: "Tokens" }, [], { ...context, usage: { input: 10, output: 4 } })).to.equal(14n);
    expect(amountOf(cost, [], { ...context, usage })).to.equal(0n);
  });
});

describe("mostOf", () => {
  const most = (unit: BudgetUnit, rules: readonly CostRule[] = [], of = bound) => mostOf(unit, rules, context, of);

  it("is the bound in dollars at the dearest tier that may serve, and in tokens (L31)", () => {
    expect(most({ kind: "USD" })).to.equal(100n * 3n + 50n * 15n);
    expect(most({ kind: "USD" }, [], { ...bound, tiers: ["priority"] })).to.equal(100n * 6n + 50n * 30n);
    expect(most({ kind: "Tokens" })).to.equal(150n);
  });

  for (const [type, expected] of [
    ["InputToken", 100n],
    ["OutputToken", 50n],
    ["TotalToken", 150n],
    ["CachedInputToken", 100n],
    ["CacheCreationInputToken", 100n],
    ["ReasoningToken", 50n],
  ] as const) {
    it(`is ${expected} for a rule of type ${type}: all of it may be of that kind (L31)`, () => {
      expect(most(cost, [rule(type)])).to.equal(expected);
    });
  }

  it("takes the dearest mixture for a rule that weighs kinds (L31)", () => {
    const cached = "(input_tokens - cached_input_tokens) + cached_input_tokens * 3 + reasoning_tokens * 2";
    expect(most(cost, [rule("CEL", cached)])).to.equal(400n);
    const cheaper = "(input_tokens - cached_input_tokens) * 2 + output_tokens";
    expect(most(cost, [rule("CEL", cheaper)])).to.equal(250n);
  });

  it("takes the dearest tier for a rule in dollars", () => {
    // micro-dollars, rounded up
    expect(most(cost, [rule("USD")], { ...bound, tiers: ["priority", "flex"] })).to.equal(3n);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import type { TokenRates } from "../../src/core/prices.ts";
import { costNanoUsd } from "../../src/metering/price.ts";
import { affordedTokens } from "../../src/metering/spending-plan.ts";

const dollar = 1_000_000_000;

function rates(input: number, output: number): TokenRates {
  const none = { cacheRead: undefined, cacheWrite: undefined, cacheWrite1h: undefined };
  return { input: Math.round(input * dollar), output: Math.round(output * dollar), ...none };
}

describe("affordedTokens", () => {
  it("turns dollars into tokens: the daily caps of the tutorial", () => {
    const half = { input: 50, output: 50 };
    const millions = (dollars: number, of: TokenRates) => {
      const { input, output, total } = affordedTokens(dollars * dollar, of, half);
      return [input, output, total].map((tokens) => (tokens ?? 0) / 1e6);
    };
    const gpt4o = rates(2.5, 10);
    // 0.8 million each way for 2.00 + 8.00 dollars
    expect(millions(10, gpt4o)).to.deep.equal([0.8, 0.8, 1.6]);
    expect(millions(100, gpt4o)).to.deep.equal([8, 8, 16]);
    expect(millions(1_000, gpt4o)).to.deep.equal([80, 80, 160]);
    expect(millions(10, rates(0.15, 0.6))).to.deep.equal([13.333333, 13.333333, 26.666666]);
  });

  it("rounds down, and knows what holds whatever the mix", () => {
    expect(affordedTokens(10 * dollar, rates(3, 15), { input: 3, output: 1 })).to.deep.equal({
      total: 1_666_666,
      input: 1_250_000,
      output: 416_666,
      whateverTheMix: 666_666,
    });
    expect(affordedTokens(dollar, rates(3, 15), { input: 1, output: 0 })).to.include({ input: 333_333, output: 0 });
  });

  it("sets no number where tokens cost nothing", () => {
    expect(affordedTokens(dollar, rates(0, 0), { input: 1, output: 1 }).total).to.equal(undefined);
    expect(affordedTokens(dollar, rates(0, 2), { input: 1, output: 0 })).to.deep.include({
      total: undefined,
      whateverTheMix: 500_000,
    });
  });

  it("property: what it says costs no more than the money, and a little more of everything costs more", () => {
    const rate = fc.integer({ min: 1, max: 600 }).map((cents) => cents / 100);
    const part = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(rate, rate, part, part, fc.integer({ min: 1, max: 1_000 }), (a, b, input, output, dollars) => {
        const of = rates(a, b);
        const price = { rates: of, longContext: [], source: "" };
        const afforded = affordedTokens(dollars * dollar, of, { input, output });
        expect(costNanoUsd(price, afforded)).to.be.at.most(dollars * dollar);
        const more = { input: (afforded.input ?? 0) + 1, output: (afforded.output ?? 0) + 1 };
        expect(costNanoUsd(price, more)).to.be.above(dollars * dollar);
      }),
    );
  });
});

import { expect } from "chai";
import fc from "fast-check";
import type { Price, TokenRates } from "../../src/core/prices.ts";
import type { TokenUsage } from "../../src/core/usage.ts";
import {
  costNanoUsd,
  isTierUnpriced,
  microUsd,
  mostNanoUsd,
  possibleTiers,
  ratesFor,
} from "../../src/metering/price.ts";

/** Dollars per million tokens, whole cents, as rates. */
function rates(input: number, output: number, more: Partial<TokenRates> = {}): TokenRates {
  const none = { cacheRead: undefined, cacheWrite: undefined, cacheWrite1h: undefined };
  return { input: Math.round(input * 1e9), output: Math.round(output * 1e9), ...none, ...more };
}

const price = (base: TokenRates, longContext: Price["longContext"] = []): Price => ({
  rates: base,
  longContext,
  source: "test",
});

const gpt4o = price(rates(2.5, 10, { cacheRead: 1_250_000_000 }));
const mini = price(rates(0.15, 0.6, { cacheRead: 75_000_000 }));
const sonnet = price(rates(3, 15, { cacheRead: 300_000_000, cacheWrite: 3_750_000_000, cacheWrite1h: 6_000_000_000 }), [
  { inputTokensAbove: 200_000, rates: rates(6, 22.5, { cacheRead: 600_000_000, cacheWrite: 7_500_000_000 }) },
]);

/** OpenAI's shape: flex at half, priority at twice the price; only the ordinary tier tells what long requests cost. */
const tiered: Price = {
  ...price(rates(2, 10, { cacheRead: 200_000_000 }), [
    { inputTokensAbove: 1_000, rates: rates(3, 12, { cacheRead: 300_000_000 }) },
  ]),
  tiers: {
    flex: { rates: rates(1, 5, { cacheRead: 100_000_000 }), longContext: [] },
    priority: { rates: rates(4, 11), longContext: [{ inputTokensAbove: 2_000, rates: rates(5, 20) }] },
  },
};

const tokens = fc.nat(2_000_000);
const rate = fc.nat(600_000_000_000);
const anyRates = fc.record({
  input: rate,
  output: rate,
  cacheRead: fc.option(rate, { nil: undefined }),
  cacheWrite: fc.option(rate, { nil: undefined }),
  cacheWrite1h: fc.option(rate, { nil: undefined }),
});
/** A step is never cheaper than what is before it. */
const anyPrice = fc
  .record({ base: anyRates, above: tokens, factor: fc.integer({ min: 1, max: 3 }) })
  .map(({ base, above, factor }): Price => {
    const times = (value: number | undefined) => (value === undefined ? undefined : value * factor);
    const dearer: TokenRates = {
      input: base.input * factor,
      output: base.output * factor,
      cacheRead: times(base.cacheRead),
      cacheWrite: times(base.cacheWrite),
      cacheWrite1h: times(base.cacheWrite1h),
    };
    return price(base, [{ inputTokensAbove: above, rates: dearer }]);
  });
const anyUsage = fc
  .record({ fresh: tokens, cachedInput: tokens, write5m: tokens, cacheWrite1h: tokens, output: tokens })
  .map(
    ({
      fresh,
      cachedInput,
      write5m,
      cacheWrite1h,
      output,
    }): TokenUsage & { readonly input: number; readonly output: number } => ({
      input: fresh + cachedInput + write5m + cacheWrite1h,
      cachedInput,
      cacheWrite: write5m + cacheWrite1h,
      cacheWrite1h,
      output,
    }),
  );

describe("costNanoUsd", () => {
  const cases: readonly [string, Price, TokenUsage, number][] = [
    // 1,000 × 2,500 + 500 × 10,000
    ["gpt-4o", gpt4o, { input: 1_000, output: 500 }, 7_500_000],
    // a million each: 2.50 + 10.00 dollars
    ["a million tokens of gpt-4o", gpt4o, { input: 1_000_000, output: 1_000_000 }, 12_500_000_000],
    // 600 × 2,500 + 400 × 1,250 + 100 × 10,000
    ["gpt-4o with cached input", gpt4o, { input: 1_000, cachedInput: 400, output: 100 }, 3_000_000],
    // 1,000 × 150 + 500 × 600
    ["gpt-4o-mini", mini, { input: 1_000, output: 500 }, 450_000],
    // reasoning is part of the output: 100 × 10,000
    ["reasoning is not charged twice", gpt4o, { input: 0, output: 100, reasoning: 80 }, 1_000_000],
    // 60 − 10 − 5 = 45 × 3,000; 10 × 300; 5 × 3,750; 40 × 15,000
    ["Claude Sonnet 4", sonnet, { input: 60, cachedInput: 10, cacheWrite: 5, output: 40 }, 756_750],
    // 100 × 3,000; of 300 written 100 for an hour: 200 × 3,750 + 100 × 6,000
    [
      "cache writes of both lifetimes",
      sonnet,
      { input: 400, cacheWrite: 300, cacheWrite5m: 200, cacheWrite1h: 100 },
      1_650_000,
    ],
    [
      "the sum of lifetimes where only they are told",
      sonnet,
      { input: 300, cacheWrite5m: 200, cacheWrite1h: 100 },
      1_350_000,
    ],
    // no cache rates: all at the input rate
    ["missing cache rates", price(rates(1, 2)), { input: 100, cachedInput: 50, cacheWrite1h: 20, output: 0 }, 100_000],
    // at the step: 200,000 × 3,000; above it the whole request: 200,001 × 6,000 + 10 × 22,500
    ["input up to a long-context step", sonnet, { input: 200_000, output: 10 }, 600_150_000],
    ["the whole request above a long-context step", sonnet, { input: 200_001, output: 10 }, 1_200_231_000],
    // above the step, an hour's writes have no rate of their own there: as cacheWrite
    [
      "the next best cache rate of that step",
      sonnet,
      { input: 200_001, cacheWrite: 1, cacheWrite1h: 1 },
      1_200_007_500,
    ],
    // 900 × 1,000 + 100 × 100 + 10 × 5,000
    ["a tier's own rates", tiered, { input: 1_000, cachedInput: 100, output: 10, serviceTier: "flex" }, 960_000],
    // 900 × 4,000 + 100 × 4,000 (its cache rate is missing: its input rate) + 10 × 11,000
    [
      "a tier's own input rate for a missing cache rate",
      tiered,
      { input: 1_000, cachedInput: 100, output: 10, serviceTier: "priority" },
      4_110_000,
    ],
    // as the ordinary tier: 1,000 × 2,000 + 10 × 10,000
    [
      "a tier without rates at the ordinary ones",
      tiered,
      { input: 1_000, output: 10, serviceTier: "batch" },
      2_100_000,
    ],
    // 1,001 × 4,000 (priority's, not the 3,000 of the step) + 10 × 12,000 (the step's, not priority's 11,000)
    [
      "the dearer rate above a step that the tier does not list",
      tiered,
      { input: 1_001, output: 10, serviceTier: "priority" },
      4_124_000,
    ],
    // 2,001 × 5,000 + 10 × 20,000
    ["a tier's own step", tiered, { input: 2_001, output: 10, serviceTier: "priority" }, 10_205_000],
    ["nothing told", gpt4o, {}, 0],
    ["more cached than input", gpt4o, { input: 10, cachedInput: 20 }, 25_000],
  ];
  for (const [name, of, usage, expected] of cases) {
    it(`L30: ${name}`, () => {
      expect(costNanoUsd(of, usage)).to.equal(expected);
    });
  }

  it("L30: keeps fractions of a nano-dollar per token, and rounds up once", () => {
    const tiny = price(rates(0, 0, { cacheRead: 3_625_000 })); // 3.625 nano-dollars a token
    expect(costNanoUsd(tiny, { input: 8, cachedInput: 8 })).to.equal(29);
    expect(costNanoUsd(tiny, { input: 1, cachedInput: 1 })).to.equal(4);
    expect(costNanoUsd(tiny, { input: 1_000_000, cachedInput: 1_000_000 })).to.equal(3_625_000);
  });

  it("L30: stays exact beyond 2⁵³ in between, and never leaves the safe integers", () => {
    // 10,000,001 × 600,000 = 6,000,000,600,000; × 10⁶ in between is beyond 2⁵³
    expect(costNanoUsd(price(rates(0, 600)), { output: 10_000_001 })).to.equal(6_000_000_600_000);
    expect(costNanoUsd(sonnet, { input: Number.MAX_SAFE_INTEGER })).to.equal(Number.MAX_SAFE_INTEGER);
  });

  it("L30: property: an integer, and more tokens never cost less", () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, tokens, tokens, (of, usage, moreInput, moreOutput) => {
        const cost = costNanoUsd(of, usage);
        expect(Number.isSafeInteger(cost) && cost >= 0).to.equal(true);
        const more = { ...usage, input: (usage.input ?? 0) + moreInput, output: (usage.output ?? 0) + moreOutput };
        expect(costNanoUsd(of, more)).to.be.at.least(cost);
      }),
    );
  });

  it("L30: property: without steps, two requests cost what one of both would, but for the rounding up", () => {
    const add = (a: TokenUsage, b: TokenUsage): TokenUsage => ({
      input: (a.input ?? 0) + (b.input ?? 0),
      cachedInput: (a.cachedInput ?? 0) + (b.cachedInput ?? 0),
      cacheWrite: (a.cacheWrite ?? 0) + (b.cacheWrite ?? 0),
      cacheWrite1h: (a.cacheWrite1h ?? 0) + (b.cacheWrite1h ?? 0),
      output: (a.output ?? 0) + (b.output ?? 0),
    });
    fc.assert(
      fc.property(anyRates, anyUsage, anyUsage, (base, a, b) => {
        const apart = costNanoUsd(price(base), a) + costNanoUsd(price(base), b);
        expect(apart - costNanoUsd(price(base), add(a, b))).to.be.within(0, 1);
      }),
    );
  });

  it("L30: property: input and output are charged apart", () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, (of, usage) => {
        const { rates: free, longContext } = of;
        const only = (side: "input" | "output"): Price => {
          const keep = (all: TokenRates): TokenRates =>
            side === "output" ? rates(0, 0, { output: all.output }) : { ...all, output: 0 };
          return price(
            keep(free),
            longContext.map((step) => ({ ...step, rates: keep(step.rates) })),
          );
        };
        const apart = costNanoUsd(only("input"), usage) + costNanoUsd(only("output"), usage);
        expect(apart - costNanoUsd(of, usage)).to.be.within(0, 1);
      }),
    );
  });
});

describe("mostNanoUsd", () => {
  it("L31: takes the dearest input rate, cache writes included, and the steps that can be reached", () => {
    // 1,000 × 6,000 + 10 × 15,000
    expect(mostNanoUsd(sonnet, 1_000, 10)).to.equal(6_150_000);
    // 300,000 × 7,500 (the step's cache writes) + 10 × 22,500
    expect(mostNanoUsd(sonnet, 300_000, 10)).to.equal(2_250_225_000);
    // a cheaper step need not be reached: 101 × 3,000
    const cheaper = price(rates(3, 0), [{ inputTokensAbove: 100, rates: rates(1, 0) }]);
    expect(mostNanoUsd(cheaper, 101, 0)).to.equal(303_000);
    expect(mostNanoUsd(gpt4o, 0, 0)).to.equal(0);
  });

  it("L31: takes the dearest of the tiers that may serve, and the ordinary one", () => {
    // 1,000 × 2,000 + 10 × 10,000, whatever flex costs; 1,000 × 4,000 + 10 × 11,000
    expect(mostNanoUsd(tiered, 1_000, 10, possibleTiers("flex"))).to.equal(2_100_000);
    expect(mostNanoUsd(tiered, 1_000, 10, possibleTiers("default"))).to.equal(2_100_000);
    expect(mostNanoUsd(tiered, 1_000, 10, possibleTiers("priority"))).to.equal(4_110_000);
    expect(mostNanoUsd(tiered, 1_000, 10, possibleTiers(undefined))).to.equal(4_110_000);
    // its own steps too: 2,001 × 5,000 + 10 × 20,000
    expect(mostNanoUsd(tiered, 2_001, 10, possibleTiers("auto"))).to.equal(10_205_000);
  });

  it("L31: property: no request costs more, whichever of the possible tiers serves it", () => {
    const steps = fc.array(fc.record({ inputTokensAbove: tokens, rates: anyRates }), { maxLength: 2 });
    const ladder = fc.record({ rates: anyRates, longContext: steps }).map((listed) => ({
      ...listed,
      longContext: [...listed.longContext].sort((a, b) => a.inputTokensAbove - b.inputTokensAbove),
    }));
    const any = fc
      .record({ ordinary: ladder, priority: fc.option(ladder, { nil: undefined }), flex: ladder })
      .map(({ ordinary, ...tiers }): Price => ({ ...ordinary, tiers, source: "test" }));
    const asked = fc.constantFrom("priority", "flex", "default", "auto", undefined);
    fc.assert(
      fc.property(any, anyUsage, asked, (of, usage, tier) => {
        const possible = possibleTiers(tier);
        const most = mostNanoUsd(of, usage.input, usage.output, possible);
        for (const serviceTier of [undefined, ...possible])
          expect(costNanoUsd(of, { ...usage, serviceTier })).to.be.at.most(most);
      }),
    );
  });

  it("L31: property: no request within these numbers of tokens costs more, whatever the prices", () => {
    const unordered = fc
      .record({ base: anyRates, above: tokens, dear: anyRates })
      .map(({ base, above, dear }) => price(base, [{ inputTokensAbove: above, rates: dear }]));
    fc.assert(
      fc.property(unordered, anyUsage, tokens, tokens, (of, usage, spareInput, spareOutput) => {
        const most = mostNanoUsd(of, usage.input + spareInput, usage.output + spareOutput);
        expect(costNanoUsd(of, usage)).to.be.at.most(most);
      }),
    );
  });
});

describe("isTierUnpriced", () => {
  it("L30: priority without rates is not charged too little silently; the cheaper tiers are never", () => {
    const tiers = ["flex", "priority", "batch", undefined] as const;
    expect(tiers.map((serviceTier) => isTierUnpriced(gpt4o, { serviceTier }))).to.deep.equal([
      false,
      true,
      false,
      false,
    ]);
    expect(isTierUnpriced(tiered, { serviceTier: "priority" })).to.equal(false);
  });
});

describe("possibleTiers", () => {
  it("L31: the tier that is asked for, and any one where the account's settings decide", () => {
    expect(possibleTiers("default")).to.deep.equal([]);
    expect(possibleTiers("standard_only")).to.deep.equal([]);
    expect(possibleTiers("priority")).to.deep.equal(["priority"]);
    for (const asked of ["auto", undefined, "whatever"])
      expect(possibleTiers(asked)).to.have.members(["flex", "priority", "batch"]);
  });
});

describe("ratesFor", () => {
  it("takes the highest step that the input is above", () => {
    const steps = [128, 256].map((inputTokensAbove) => ({ inputTokensAbove, rates: rates(inputTokensAbove, 0) }));
    const of = price(rates(1, 0), steps);
    expect([0, 128, 129, 256, 257].map((input) => ratesFor(of, input).input / 1e9)).to.deep.equal([
      1, 1, 128, 128, 256,
    ]);
  });
});

describe("microUsd", () => {
  it("L12: rounds up to micro-dollars", () => {
    expect([0, 1, 1_000, 1_001, 7_500_000].map(microUsd)).to.deep.equal([0, 1, 1, 2, 7_500]);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { leastRemaining, remainingOf, StickyTiers, tierInForce } from "../../src/budgets/tiers.ts";
import type { BudgetTier } from "../../src/core/budget.ts";
import { downgrade, makeStanding, queue, reject, windowEndMs } from "../support/budget-rule.ts";

const tiers = [reject(20), downgrade(50, "small"), queue(80)];
const spent = (amount: bigint, limit = 1_000n) => makeStanding("b", { spent: amount, limit });

describe("remainingOf", () => {
  it("is what is neither spent nor held nor overrun, and never negative", () => {
    expect(remainingOf(makeStanding("b", { spent: 100n, held: 20n, overrun: 3n }))).to.equal(877n);
    expect(remainingOf(makeStanding("b", { spent: 900n, held: 99n, overrun: 3n }))).to.equal(0n);
  });
});

describe("tierInForce", () => {
  it("is the one with the lowest threshold that less remains than (L35)", () => {
    const inForce = [0n, 200n, 201n, 500n, 501n, 800n, 801n, 1_000n].map((amount) => tierInForce(tiers, spent(amount)));
    const [rejects, downgrades, queues] = tiers;
    expect(inForce).to.deep.equal([undefined, undefined, queues, queues, downgrades, downgrades, rejects, rejects]);
  });

  it("counts what is held, and thresholds with fractions exactly, however large the limit", () => {
    const fine = [reject(0.001)];
    const limit = 10n ** 19n;
    expect(tierInForce(fine, makeStanding("b", { limit, held: limit - 10n ** 14n }))).to.equal(undefined);
    expect(tierInForce(fine, makeStanding("b", { limit, held: limit - 10n ** 14n + 1n }))).to.equal(fine[0]);
  });

  it("is none for a limit of nothing: there is no part of it", () => {
    expect(tierInForce(tiers, spent(0n, 0n))).to.equal(undefined);
  });

  it("keeps a downgrade for five points above its threshold, not a refusal (L35)", () => {
    const two = [reject(20), downgrade(50, "small")];
    const [rejects, downgrades] = two;
    expect(tierInForce(two, spent(451n), downgrades)).to.equal(downgrades);
    expect(tierInForce(two, spent(450n), downgrades)).to.equal(undefined);
    expect(tierInForce(two, spent(790n), rejects)).to.equal(downgrades);
    expect(tierInForce(two, spent(810n), downgrades)).to.equal(rejects);
  });
});

describe("leastRemaining", () => {
  it("is the threshold of the next lower tier, rounded up, and nothing below the lowest", () => {
    const of = (limit: bigint, tier?: BudgetTier) => leastRemaining({ tiers, limit }, tier);
    expect(of(1_000n)).to.equal(800n);
    expect(of(1_001n, tiers[2])).to.equal(501n);
    expect(of(1_000n, tiers[1])).to.equal(200n);
    expect(of(1_000n, tiers[0])).to.equal(0n);
    expect(leastRemaining({ tiers: [], limit: 1_000n })).to.equal(0n);
  });

  it("is left exactly where another tier is in force: a store confirms what was chosen", () => {
    const percent = fc.double({ min: 0.01, max: 99.99, noNaN: true });
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 18n), fc.bigInt(0n, 10n ** 18n), percent, percent, (limit, used, one, other) => {
        fc.pre(used <= limit && Math.abs(one - other) > 0.001);
        const both = [reject(Math.min(one, other)), downgrade(Math.max(one, other), "small")];
        const standing = spent(used, limit);
        for (const tier of [undefined, both[1]]) {
          const isLower = remainingOf(standing) < leastRemaining({ tiers: both, limit }, tier);
          const inForce = tierInForce(both, standing);
          const expected = tier === undefined ? inForce !== undefined : inForce === both[0];
          expect(isLower).to.equal(expected);
        }
      }),
    );
  });
});

describe("StickyTiers", () => {
  const small = downgrade(50, "small");

  it("remembers who was downgraded until the window ends (L35)", () => {
    const sticky = new StickyTiers(10);
    sticky.keep(makeStanding("b"), small);
    expect(sticky.find("b", "*", windowEndMs - 1)).to.equal(small);
    expect(sticky.find("b", "*", windowEndMs)).to.equal(undefined);
    expect(sticky.find("b", "other", 0)).to.equal(undefined);
    expect(sticky.find("c", "*", 0)).to.equal(undefined);
  });

  it("forgets an account whose last request was in no such tier", () => {
    for (const tier of [undefined, reject(20)]) {
      const sticky = new StickyTiers(10);
      sticky.keep(makeStanding("b"), small);
      sticky.keep(makeStanding("b"), tier);
      expect(sticky.find("b", "*", 0)).to.equal(undefined);
    }
  });

  it("forgets those first that were longest ago", () => {
    const sticky = new StickyTiers(2);
    for (const account of ["ada", "bob", "ada", "cay"]) sticky.keep(makeStanding("b", { account }), small);
    expect(["ada", "bob", "cay"].map((account) => sticky.find("b", account, 0) !== undefined)).to.deep.equal([
      true,
      false,
      true,
    ]);
  });
});

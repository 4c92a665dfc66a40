import { expect } from "chai";
import { leaseBounds, leaseBoundText, leaseSize } from "../../src/budgets/lease-bounds.ts";
import type { BudgetRule } from "../../src/core/budget.ts";
import { day } from "./support.ts";

function ruleOf(rule: Partial<BudgetRule>): BudgetRule {
  return {
    id: "ns/daily",
    subject: [],
    match: [],
    limit: 100_000_000_000n,
    unit: { kind: "USD" },
    window: day,
    enforcement: "Hard",
    estimate: "UpperBound",
    tiers: [],
    onStoreFailure: "Lease",
    unknownPrice: "Deny",
    ...rule,
  };
}

describe("leaseSize", () => {
  it("L39: is the part of the limit, rounded up, at least 1 and at most the limit", () => {
    expect(leaseSize(100n, 10)).to.equal(10n);
    expect(leaseSize(101n, 10)).to.equal(11n);
    expect(leaseSize(10_000n, 0.05)).to.equal(5n);
    expect(leaseSize(5n, 1)).to.equal(1n);
    expect(leaseSize(100n, 0)).to.equal(1n);
    expect(leaseSize(0n, 10)).to.equal(0n);
    expect(leaseSize(10_000_000_000_000_001n, 100)).to.equal(10_000_000_000_000_001n);
  });
});

describe("leaseBounds", () => {
  it("L39: names the budgets that lease, and how far each can be overspent", () => {
    const rules = [ruleOf({}), ruleOf({ onStoreFailure: "Deny" }), ruleOf({ enforcement: "Shadow" })];
    expect(leaseBounds(rules, 1)).to.deep.equal([
      { budgetId: "ns/daily", unit: { kind: "USD" }, perAccount: 1_000_000_000n },
    ]);
  });

  it("L39: says so to people, in what the budget counts", () => {
    const textOf = (rule: Partial<BudgetRule>) =>
      leaseBounds([ruleOf(rule)], 1)
        .map(leaseBoundText)
        .join();
    expect(textOf({})).to.match(/^budget ns\/daily: .* at most \$1\.00 per account/);
    expect(textOf({ unit: { kind: "Tokens" }, limit: 500n })).to.contain("at most 5 tokens per account");
    const unit = { kind: "Cost", metadataKey: "points" } as const;
    expect(textOf({ unit, limit: 500n })).to.contain("at most 5 of points per account");
  });
});

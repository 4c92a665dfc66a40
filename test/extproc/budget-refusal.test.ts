import { expect } from "chai";
import { budgetRefusal, budgetStoreAway, type Refusing, unknownPriceError } from "../../src/extproc/budget-refusal.ts";
import { applied, makeBudgetRule, makeStanding, queue, reject } from "../support/budget-rule.ts";

const dollars = makeBudgetRule("ai/dollars", { unit: { kind: "USD" }, limit: 10n ** 9n });
const refusing: Refusing = {
  budget: applied(dollars, "ada"),
  standing: makeStanding("ai/dollars", {
    limit: 10n ** 9n,
    spent: 400_000_000n,
    held: 100_000_000n,
    overrun: 1_000_000n,
  }),
  asked: 600_000_000n,
  passesAtMs: 86_400_000,
  tier: undefined,
};

describe("budgetRefusal", () => {
  it("explains itself: who, how much of what, until when, and what would pass instead (L36)", () => {
    const error = budgetRefusal(refusing, "gpt-4o-mini", 86_398_500);
    expect(error).to.include({ code: "budget_exceeded", status: 429 });
    expect(error.headers).to.deep.equal({ "retry-after": "2" });
    expect(error.message).to.equal(
      "budget ai/dollars, account ada: $0.401 of $1.00 is spent and $0.10 held; this request may need up to $0.60; " +
        "it can pass from 1970-01-02T00:00:00.000Z; the model gpt-4o-mini would pass now",
    );
    expect(error.members["budget"]).to.deep.equal({
      name: "ai/dollars",
      account: "ada",
      unit: "USD",
      window: { start: "1970-01-01T00:00:00.000Z", end: "1970-01-02T00:00:00.000Z" },
      limit: "1.00",
      spent: "0.401",
      held: "0.10",
      remaining: "0.499",
      estimate: "0.60",
      tier: null,
      passes_at: "1970-01-02T00:00:00.000Z",
      cheaper_model: "gpt-4o-mini",
    });
  });

  it("promises nothing to a request that can never pass", () => {
    const error = budgetRefusal({ ...refusing, passesAtMs: undefined }, undefined, 0);
    expect(error.headers).to.deep.equal({});
    expect(error.message).to.contain("it can never pass");
    expect(error.members["budget"]).to.include({ passes_at: null, cheaper_model: null });
  });

  it("never tells a client to come back at once", () => {
    expect(budgetRefusal(refusing, undefined, 90_000_000).headers).to.deep.equal({ "retry-after": "1" });
  });

  it("names the tier that refuses whatever is asked (L35)", () => {
    const rejected = budgetRefusal({ ...refusing, asked: undefined, tier: reject(20) }, undefined, 0);
    expect(rejected.message).to.contain("it takes no requests while less than 20 % remains; ");
    expect(rejected.members["budget"]).to.deep.include({
      estimate: null,
      tier: { remaining_below_percent: 20, action: "Reject" },
    });
    const queued = budgetRefusal({ ...refusing, asked: undefined, tier: queue(60, 2_500) }, undefined, 0);
    expect(queued.message).to.contain("less than 60 % remains, and nothing was released within 2.5 s");
  });

  it("says when nobody named an account: others share it (L38)", () => {
    const budget = { rule: dollars, account: "-", anonymous: true };
    expect(budgetRefusal({ ...refusing, budget }, undefined, 0).message).to.contain("account - (no account was named)");
  });
});

describe("errors of budgets that are no refusal", () => {
  it("a model without a price is a 400 that says what to do (L30)", () => {
    const error = unknownPriceError("ai/dollars", "m1");
    expect(error).to.include({ code: "unknown_price", status: 400, param: "model" });
    expect(error.message).to.contain("m1").and.contain("PriceBook");
  });

  it("a store that is away is a 503 to be tried again, and tells nothing of the store (L39)", () => {
    const error = budgetStoreAway(new Error("redis://secret@host"));
    expect(error).to.include({ code: "budget_store_unavailable", status: 503 });
    expect(error.headers).to.deep.equal({ "retry-after": "1" });
    expect(error.message).not.to.contain("secret");
  });
});

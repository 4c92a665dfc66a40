import { expect } from "chai";
import type { Standing } from "../../src/budgets/budget-store.ts";
import type { BudgetRule, BudgetTier } from "../../src/core/budget.ts";
import { chooseTiers, hasTiers, type TierFacts } from "../../src/planning/choose-tiers.ts";
import { selectRoute } from "../../src/planning/select-route.ts";
import { applied, downgrade, makeBudgetRule, makeStanding, queue, reject } from "../support/budget-rule.ts";
import { exact, makeConfig, makeRequest, makeRouteRule, makeView } from "./support.ts";

/** What budgets of a request for `large` do; `spent` of 1,000 by the budget's id. */
function chosen(
  budgets: readonly BudgetRule[],
  spent: Readonly<Record<string, bigint>>,
  facts: Partial<TierFacts> = {},
) {
  const rules = ["large", "small", "tiny"].map((model) => ({
    rule: makeRouteRule(model, { budgets }),
    match: [exact("x-ai-eg-model", model)],
  }));
  const config = makeConfig(rules);
  const standings = new Map<string, Standing>(
    Object.entries(spent).map(([id, amount]) => [id, makeStanding(id, { spent: amount })]),
  );
  const selection = selectRoute(config, makeView(), makeRequest("large"));
  const {
    selection: made,
    tiers,
    refusing,
  } = chooseTiers(config, makeView(), selection, {
    standings,
    before: () => undefined,
    isWaitedFor: () => false,
    ...facts,
  });
  return { model: made.model, tiers: Object.fromEntries(tiers), refusing: refusing?.budget.rule.id };
}

const tiered = (id: string, ...tiers: BudgetTier[]): BudgetRule => makeBudgetRule(id, { tiers });
const halfSmall = tiered("a", downgrade(50, "small"));

describe("chooseTiers", () => {
  it("changes nothing while enough remains, or nothing is known of a budget (L35)", () => {
    expect(chosen([halfSmall], { a: 500n })).to.deep.equal({ model: "large", tiers: {}, refusing: undefined });
    expect(chosen([halfSmall], {})).to.deep.equal({ model: "large", tiers: {}, refusing: undefined });
  });

  it("replaces the model below a threshold (L35)", () => {
    expect(chosen([halfSmall], { a: 501n })).to.deep.equal({
      model: "small",
      tiers: { a: downgrade(50, "small") },
      refusing: undefined,
    });
  });

  it("downgrades at most once: of two budgets the first decides, and the other does not refuse (§0)", () => {
    const budgets = [halfSmall, tiered("b", downgrade(50, "tiny"))];
    expect(chosen(budgets, { a: 600n, b: 600n })).to.include({ model: "small", refusing: undefined });
    expect(chosen(budgets, { b: 600n })).to.include({ model: "tiny", refusing: undefined });
  });

  it("lets another budget downgrade where the first one's model is asked for already", () => {
    const budgets = [tiered("a", downgrade(50, "large")), tiered("b", downgrade(50, "tiny"))];
    expect(chosen(budgets, { a: 600n, b: 600n }).model).to.equal("tiny");
    expect(chosen(budgets, { a: 600n }).model).to.equal("large");
  });

  it("downgrades although the budget does not match the new model: it stays (§0)", () => {
    const match = [{ kind: "model" as const, model: "large" }];
    const { model, tiers } = chosen([{ ...halfSmall, match }], { a: 600n });
    expect({ model, kept: Object.keys(tiers) }).to.deep.equal({ model: "small", kept: ["a"] });
  });

  it("names the first budget that lets nothing pass", () => {
    const budgets = [halfSmall, tiered("b", reject(20)), tiered("c", queue(60))];
    expect(chosen(budgets, { a: 600n, b: 801n, c: 700n })).to.include({ model: "small", refusing: "b" });
    expect(chosen(budgets, { a: 600n, b: 800n, c: 700n })).to.include({ refusing: "c" });
  });

  it("keeps a downgrade until the account is five points above its threshold (L35)", () => {
    const before = () => downgrade(50, "small");
    expect(chosen([halfSmall], { a: 451n }, { before }).model).to.equal("small");
    expect(chosen([halfSmall], { a: 450n }, { before }).model).to.equal("large");
  });

  it("queues behind those who wait already, though enough remains; Reject is not waited for (L35)", () => {
    const budget = tiered("a", reject(20), queue(60));
    const isWaitedFor = () => true;
    expect(chosen([budget], {}, { isWaitedFor }).tiers).to.deep.equal({ a: queue(60) });
    expect(chosen([budget], { a: 900n }, { isWaitedFor }).tiers).to.deep.equal({ a: reject(20) });
    expect(chosen([halfSmall], {}, { isWaitedFor }).tiers).to.deep.equal({});
  });

  it("leaves shadow budgets out: they change nothing", () => {
    const shadow: BudgetRule = { ...halfSmall, enforcement: "Shadow" };
    expect(chosen([shadow], { a: 999n }).model).to.equal("large");
    expect([hasTiers(applied(shadow)), hasTiers(applied(halfSmall)), hasTiers(applied(tiered("b")))]).to.deep.equal([
      false,
      true,
      false,
    ]);
  });
});

import { expect } from "chai";
import { attemptAmounts, mostAmounts, owedAmounts, remainingAfter, spentAmounts } from "../../src/extproc/spending.ts";
import { applied, makeBudgetRule } from "../support/budget-rule.ts";
import { answered, anthropic, attemptAt, bound, makePaying, makePlan, openai, planned, reportOf } from "./paying.ts";
import { makeSession } from "./support.ts";

const tokens = makeBudgetRule("ai/tokens");
const dollars = makeBudgetRule("ai/dollars", { unit: { kind: "USD" }, limit: 10n ** 9n });
const soft = makeBudgetRule("ai/soft", { enforcement: "Soft" });
const unpriced = planned("ai/openai", "never-heard-of");

describe("mostAmounts", () => {
  it("are in the unit of each budget, in their order (L31)", () => {
    const amounts = mostAmounts(
      makeSession("s"),
      makePlan(),
      [dollars, tokens].map((rule) => applied(rule)),
      openai,
      bound,
    );
    expect(amounts).to.deep.equal([100n * 2_500n + 200n * 10_000n, 300n]);
  });

  it("count a model without a price at the dearest rates, or at nothing where the budget says so (L30)", () => {
    const budgets = (["WorstCase", "Allow"] as const).map((unknownPrice) => applied({ ...dollars, unknownPrice }));
    const [worst = 0n, allowed] = mostAmounts(makeSession("s"), makePlan(), budgets, unpriced, bound);
    expect(worst > 100n * 2_500n + 200n * 10_000n).to.equal(true);
    expect(allowed).to.equal(0n);
  });
});

describe("attemptAmounts", () => {
  const amounts = async (became: Parameters<typeof attemptAt>[1], at = openai, unknownPrice = dollars.unknownPrice) => {
    const budgets = [{ ...dollars, unknownPrice }, tokens, soft].map((rule) => applied(rule));
    const session = makeSession("s");
    session.forwarded = true;
    return attemptAmounts(session, makePlan(), budgets, attemptAt(at, became));
  };

  it("are what the provider billed", async () => {
    expect(await amounts(answered)).to.deep.equal([700_000n, 100n, 100n]);
  });

  it("are nothing for what is free", async () => {
    expect(await amounts({ ended: "refused" })).to.deep.equal([0n, 0n, 0n]);
  });

  it("are the most that it can be for Hard budgets, and the estimate for the others, where nobody tells (L31, L33)", async () => {
    expect(await amounts({})).to.deep.equal([2_250_000n, 300n, 10n]);
    expect(await amounts({ ended: "streaming", bytes: 40 })).to.deep.equal([650_000n, 140n, 20n]);
  });

  it("are nothing in dollars for a model without a price where the budget allows it (L30)", async () => {
    expect(await amounts(answered, unpriced, "Allow")).to.deep.equal([0n, 100n, 100n]);
    expect(await amounts({}, unpriced, "Allow")).to.deep.equal([0n, 300n, 10n]);
  });
});

describe("spentAmounts", () => {
  it("are those of all attempts together (L33)", async () => {
    const { session, spending } = await makePaying([tokens, soft], { amounts: [700n, 700n] });
    session.attempts.push(attemptAt(openai), attemptAt(openai), attemptAt(anthropic, answered));
    session.reports.push(reportOf(openai, 500));
    expect(spentAmounts(session, spending)).to.deep.equal([400n, 110n]);
  });

  it("are nothing before there is a plan", async () => {
    const { session, spending } = await makePaying([tokens], { amounts: [700n] });
    session.plan = undefined;
    session.attempts.push(attemptAt(openai, answered));
    expect(spentAmounts(session, spending)).to.deep.equal([0n]);
  });
});

describe("remainingAfter", () => {
  it("is what others leave, and never negative", async () => {
    const { spending, tools } = await makePaying([tokens], { amounts: [300n] });
    await tools.budgets.holds.reserve("other", [{ budget: tokens, account: "*", amount: 50n }], "v1");
    expect(remainingAfter(spending, [120n])).to.deep.equal([880n]);
    expect(remainingAfter(spending, [2_000n])).to.deep.equal([0n]);
    await spending.hold.extend([100n]).then((answer) => {
      if (answer.kind === "reserved") spending.standings = answer.standings;
    });
    expect(remainingAfter(spending, [120n])).to.deep.equal([830n]);
  });
});

describe("owedAmounts", () => {
  it("are said only of a stream: of everything else all that is held may be owed (L32)", async () => {
    const { session } = await makePaying([tokens], { amounts: [700n] });
    for (const ended of [undefined, "buffering", "broken"] as const) {
      session.attempts.splice(0, 1, attemptAt(openai, { ended }));
      expect(owedAmounts(session)).to.equal(undefined);
    }
    session.attempts.splice(0, 1, attemptAt(openai, { ended: "streaming", bytes: 40 }));
    expect(owedAmounts(session)).to.deep.equal([140n]);
    session.spending = undefined;
    expect(owedAmounts(session)).to.equal(undefined);
  });
});

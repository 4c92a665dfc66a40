import { expect } from "chai";
import { priceTags, remainingAtStart } from "../../src/extproc/price-tags.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";
import { answered, anthropic, attemptAt, makePaying, openai, planned } from "./paying.ts";

const tokens = makeBudgetRule("ai/tokens");
const dollars = makeBudgetRule("ai/dollars", { unit: { kind: "USD" }, limit: 10_000_000n });
const shadow = makeBudgetRule("ai/shadow", { enforcement: "Shadow", limit: 1n });

describe("priceTags", () => {
  it("tell what the answer cost, and what remains of the tightest budget by its share (L37)", async () => {
    const { session } = await makePaying([dollars, tokens, shadow], { amounts: [2_250_000n, 300n, 300n] });
    session.attempts.push(attemptAt(openai, answered));
    // 93 % of the dollars and 90 % of the tokens
    expect(priceTags(session)).to.deep.equal({ costUsd: "0.0007", remaining: "900;unit=Tokens;budget=ai/tokens" });
  });

  it("tell dollars as dollars", async () => {
    const { session } = await makePaying([dollars], { amounts: [2_250_000n] });
    session.attempts.push(attemptAt(openai, answered));
    expect(priceTags(session).remaining).to.equal("0.0093;unit=USD;budget=ai/dollars");
  });

  it("do not guess what an attempt cost that was not answered, but count all of it against what remains (L37)", async () => {
    const { session } = await makePaying([tokens], { amounts: [600n] });
    session.attempts.push(attemptAt(openai), attemptAt(anthropic, answered));
    expect(priceTags(session)).to.deep.equal({ costUsd: "0.0007", remaining: "600;unit=Tokens;budget=ai/tokens" });
  });

  it("tell no cost of a model without a price, and nothing of shadow budgets (L30)", async () => {
    const { session } = await makePaying([shadow], { amounts: [300n] });
    session.attempts.push(attemptAt(planned("ai/openai", "never-heard-of"), answered));
    expect(priceTags(session)).to.deep.equal({ costUsd: undefined, remaining: undefined });
    session.spending = undefined;
    expect(priceTags(session).remaining).to.equal(undefined);
  });
});

describe("remainingAtStart", () => {
  it("is what is left when all that is held is gone (L37)", async () => {
    const { session } = await makePaying([tokens], { amounts: [300n] });
    expect(remainingAtStart(session)).to.equal("700;unit=Tokens;budget=ai/tokens");
    session.spending = undefined;
    expect(remainingAtStart(session)).to.equal(undefined);
  });
});

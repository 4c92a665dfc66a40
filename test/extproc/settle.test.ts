import { expect } from "chai";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import { settleSession } from "../../src/extproc/settle.ts";
import { counterValue } from "../ratelimit/support.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";
import { answered, anthropic, attemptAt, makePaying, openai } from "./paying.ts";

const tokens = makeBudgetRule("ai/tokens");
const learning = makeBudgetRule("ai/learning", { enforcement: "Soft", estimate: "Learned" });

describe("settleSession", () => {
  it("books what the attempts cost and releases the rest, once (L32)", async () => {
    const { session, tools, standing } = await makePaying([tokens], { amounts: [600n] });
    session.attempts.push(attemptAt(openai), attemptAt(anthropic, answered));
    const [first, second] = await Promise.all([settleSession(session, tools), settleSession(session, tools)]);
    expect(second).to.equal(first);
    expect(await standing(tokens)).to.deep.equal({ spent: 400n, held: 0n, overrun: 0n });
  });

  it("books nothing for a request that never left (L32)", async () => {
    const { session, tools, standing } = await makePaying([tokens], { amounts: [600n] });
    session.forwarded = false;
    session.attempts.push(attemptAt(openai));
    await settleSession(session, tools);
    expect(await standing(tokens)).to.deep.equal({ spent: 0n, held: 0n, overrun: 0n });
  });

  it("counts an overrun in a metric (L31)", async () => {
    const { session, tools, standing } = await makePaying([tokens], { amounts: [60n] });
    session.attempts.push(attemptAt(openai, answered));
    await settleSession(session, tools);
    expect(await standing(tokens)).to.deep.equal({ spent: 60n, held: 0n, overrun: 40n });
    expect(await counterValue(tools.metrics, "budget_overruns_total")).to.equal(1);
  });

  it("teaches what requests come to where a budget learns, not by those that were free", async () => {
    const { session, tools } = await makePaying([tokens, learning], { amounts: [600n, 0n] });
    const { learned } = tools.budgets;
    for (let count = 0; count < 19; count++) {
      learned.settled("ai/learning", "*", 5n);
      learned.settled("ai/tokens", "*", 5n);
    }
    session.attempts.push(attemptAt(openai, { ended: "refused" }));
    await settleSession(session, tools);
    expect(learned.amountOf("ai/learning", "*")).to.equal(undefined);
    session.settlement = undefined;
    session.attempts.push(attemptAt(openai, answered));
    await settleSession(session, tools);
    expect(learned.amountOf("ai/learning", "*")).to.equal(5n);
    expect(learned.amountOf("ai/tokens", "*")).to.equal(undefined);
  });

  it("teaches what the input came to, where the provider told it and somebody sent something", async () => {
    const { session, tools, taught } = await makePaying([tokens], { amounts: [600n] });
    session.attempts.push(attemptAt(openai, answered));
    session.requestBytes = 160;
    await settleSession(session, tools);
    await settleSession(session, tools);
    expect(taught).to.deep.equal([["openai", "gpt-4o", 160, 40]]);
    const other = await makePaying([tokens], { amounts: [600n] });
    other.session.requestBytes = 160;
    other.session.attempts.push(attemptAt(openai, { ended: "streaming", told: { input: 40 } }));
    await settleSession(other.session, other.tools);
    expect(other.taught).to.deep.equal([]);
  });

  it("needs no budget", async () => {
    const { session, tools } = await makePaying([tokens], { amounts: [0n] });
    session.spending = undefined;
    expect(await settleSession(session, tools)).to.equal(undefined);
  });

  it("never rejects: what cannot be booked is in the log, and the hold expires (L32)", async () => {
    class Broken extends MemoryBudgetStore {
      override settle(): Promise<never> {
        return Promise.reject(new Error("broken"));
      }
    }
    const broken = await makePaying([tokens], { amounts: [600n], store: new Broken(() => 0) });
    expect(await settleSession(broken.session, broken.tools)).to.equal(undefined);
    expect(broken.log.join("")).to.contain("its hold will expire");
    const cost = {
      metadataKey: "points",
      type: "Test",
      evaluate: () => {
        throw new Error("no such cost");
      },
    };
    const points = makeBudgetRule("ai/points", { unit: { kind: "Cost", metadataKey: "points" } });
    const failing = await makePaying([points], { amounts: [1n], costs: [cost] });
    failing.session.attempts.push(attemptAt(openai, answered));
    expect(await settleSession(failing.session, failing.tools)).to.equal(undefined);
    expect(failing.log.join("")).to.contain("no such cost");
  });

  it("says when the store does not know the session", async () => {
    class Forgetful extends MemoryBudgetStore {
      override settle() {
        return Promise.resolve({ kind: "unknown" } as const);
      }
    }
    const { session, tools, log } = await makePaying([tokens], { amounts: [600n], store: new Forgetful(() => 0) });
    expect(await settleSession(session, tools)).to.equal(undefined);
    expect(log.join("")).to.contain("nothing was booked");
  });
});

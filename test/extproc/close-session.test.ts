import { expect } from "chai";
import type { LedgerEntry } from "../../src/core/request-record.ts";
import { closeSession } from "../../src/extproc/close-session.ts";
import type { ExchangeTools } from "../../src/extproc/tools.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";
import { answered, attemptAt, makePaying, openai } from "./paying.ts";

const tokens = makeBudgetRule("ai/tokens");

describe("closeSession", () => {
  async function closed(append: (entry: LedgerEntry) => void) {
    const world = await makePaying([tokens], { amounts: [600n] });
    world.session.attempts.push(attemptAt(openai, answered));
    world.session.outcome = { kind: "completed" };
    // nothing else of the tools is used
    await closeSession(world.session, { ...world.tools, ledger: { append } } as unknown as ExchangeTools);
    return world;
  }

  it("settles, logs, and keeps a record that knows what was booked (L32, L37)", async () => {
    const entries: LedgerEntry[] = [];
    const { log, standing } = await closed((entry) => entries.push(entry));
    expect(entries.map(({ budgets }) => budgets[0]?.spent)).to.deep.equal(["100"]);
    expect(log.join("")).to.contain('"msg":"request"');
    expect(await standing(tokens)).to.include({ spent: 100n, held: 0n });
  });

  it("settles also when the end cannot be recorded, and never rejects (L32)", async () => {
    const { log, standing } = await closed(() => {
      throw new Error("no disk");
    });
    expect(await standing(tokens)).to.include({ spent: 100n, held: 0n });
    expect(log.join("")).to.contain("no disk");
  });
});

import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { MemoryBudgetStore } from "../../../src/budgets/stores/memory.ts";
import { lineOf, makeBudget, makeReserve, minute } from "../support.ts";
import { budgetStoreContract } from "./budget-store.contract.ts";
import type { BudgetStoreSubject } from "./driver.ts";

const subject: BudgetStoreSubject = { store: new MemoryBudgetStore(() => subject.nowMs), nowMs: 0 };
budgetStoreContract("MemoryBudgetStore", () => subject);

describe("MemoryBudgetStore", () => {
  it("forgets sessions and accounts whose time is over", async () => {
    let nowMs = Date.parse("2026-03-04T12:00:00Z");
    const store = new MemoryBudgetStore(() => nowMs);
    for (let index = 0; index < 50; index++) {
      const budget = makeBudget({ window: minute });
      const call = makeReserve([lineOf(budget, 1n)]);
      await store.reserve(call);
      await store.settle({
        id: randomUUID(),
        sessionId: call.sessionId,
        amounts: [{ budgetId: budget.id, amount: 1n }],
      });
    }
    expect(store.size).to.deep.equal({ accounts: 50, sessions: 50 });
    nowMs += 2 * 86_400_000;
    await store.reserve(makeReserve([lineOf(makeBudget(), 1n)]));
    expect(store.size).to.deep.equal({ accounts: 1, sessions: 1 });
  });
});

import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { expect } from "chai";
import type { BudgetTerms } from "../../../src/budgets/budget-store.ts";
import { MemoryBudgetStore } from "../../../src/budgets/stores/memory.ts";
import { encodeEntry } from "../../../src/budgets/stores/memory-entry-wire.ts";
import { lineOf, makeBudget, makeReserve, minute, rollingHour } from "../support.ts";
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

  it("gives a session that is over no more than its hour, swept or not", async () => {
    let nowMs = Date.parse("2026-03-04T12:00:00Z");
    const store = new MemoryBudgetStore(() => nowMs);
    const call = makeReserve([lineOf(makeBudget(), 101n)]);
    const refused = await store.reserve(call);
    nowMs += 3_600_000 - 1;
    expect(await store.reserve(call)).to.equal(refused);
    nowMs += 1;
    const again = await store.reserve(call);
    expect(again).to.deep.equal(refused);
    expect(again, "decided anew").to.not.equal(refused);
  });

  it("is bounded: whoever asks in a loop is forgotten in an hour or after 100,000 others; holds are kept", async () => {
    const store = new MemoryBudgetStore(() => 0);
    const budget = makeBudget();
    const held = makeReserve([lineOf(budget, 100n)]);
    const reserved = await store.reserve(held);
    for (let index = 0; index < 100_100; index++) {
      await store.reserve(makeReserve([lineOf(budget, 1n)], { id: "ask", sessionId: String(index) }));
    }
    expect(store.size.sessions).to.be.within(90_000, 100_001);
    expect(await store.reserve(held)).to.equal(reserved);
  });

  it("a snapshot is of its moment, whatever happens while it is read", async () => {
    const story = async (store: MemoryBudgetStore, budgets: readonly BudgetTerms[], from: number) => {
      for (let index = from; index < from + 10; index++) {
        const sessionId = `session-${index}`;
        await store.reserve(
          makeReserve(
            budgets.map((budget) => lineOf(budget, 5n)),
            { sessionId },
          ),
        );
        const each = budgets.map(({ id }) => ({ budgetId: id, amount: 2n }));
        for (const settled of [index, index - 7]) {
          await store.meter({ timeToLiveMs: 1, sessions: [{ sessionId: `session-${settled}`, amounts: each }] });
          await store.extend({ id: `more-${index}`, sessionId: `session-${settled}`, amounts: each });
        }
        if (index % 2 === 0) await store.settle({ id: "bill", sessionId: `session-${index - 4}`, amounts: each });
      }
      await store.expire({ id: `sweep-${from}`, maxHolds: 1 });
    };
    let nowMs = 0;
    const store = new MemoryBudgetStore(() => nowMs);
    const budgets = [makeBudget(), makeBudget({ window: rollingHour, limit: 200n }), makeBudget({ limit: 31n })];
    await story(store, budgets, 0);
    nowMs += 10_000;
    await story(store, budgets, 10);
    const encoded = Array.from(store.snapshot(), (entry) => inspect(encodeEntry(entry), { depth: null }));
    expect(encoded.length).to.be.above(20);
    const read: string[] = [];
    let turn = 100;
    for (const entry of store.snapshot()) {
      await story(store, budgets, turn++);
      nowMs += 60_000;
      read.push(inspect(encodeEntry(entry), { depth: null }));
    }
    expect(read).to.deep.equal(encoded);
  });
});

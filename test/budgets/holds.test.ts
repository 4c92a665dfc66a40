import { expect } from "chai";
import { BudgetStoreUnavailable, type BudgetTerms, type ExpiredHold } from "../../src/budgets/budget-store.ts";
import { type Hold, Holds } from "../../src/budgets/holds.ts";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import { lineOf, makeBudget } from "./support.ts";

/** Holds on a store in memory, with a clock of their own. */
function world(store = new MemoryBudgetStore(() => clock.nowMs), owner = "gateway-1") {
  let ids = 0;
  const expired: ExpiredHold[] = [];
  const errors: string[] = [];
  const holds = new Holds({
    store,
    owner,
    newId: () => `${owner}-${++ids}`,
    onExpired: (all) => expired.push(...all),
    onError: ({ message }) => errors.push(message),
  });
  return { store, holds, expired, errors };
}

const clock = { nowMs: 0 };

async function held(
  holds: Holds,
  session: string,
  budget: BudgetTerms,
  amount: bigint,
  owed?: () => readonly bigint[],
) {
  const answer = await holds.reserve(session, [lineOf(budget, amount)], "v1", owed);
  if (answer.kind !== "held") throw new Error(`it was ${answer.kind}`);
  return answer.hold;
}

async function standing(store: MemoryBudgetStore, budget: BudgetTerms) {
  const [found] = await store.read([{ budget, account: "alice" }]);
  return { spent: found?.spent, held: found?.held, overrun: found?.overrun };
}

describe("Holds", () => {
  beforeEach(() => {
    clock.nowMs = 0;
  });

  it("hold, extend and settle: what is left is released (L32, L33)", async () => {
    const { store, holds } = world();
    const budget = makeBudget();
    const hold = await held(holds, "s", budget, 40n);
    expect(await hold.extend([20n])).to.include({ kind: "reserved" });
    expect(hold.amounts).to.deep.equal([60n]);
    expect(await standing(store, budget)).to.deep.equal({ spent: 0n, held: 60n, overrun: 0n });
    await hold.settle([50n]);
    expect(await standing(store, budget)).to.deep.equal({ spent: 50n, held: 0n, overrun: 0n });
    expect(holds.size).to.equal(0);
  });

  it("are settled once: who comes later gets the first answer (L32)", async () => {
    const { store, holds } = world();
    const budget = makeBudget();
    const hold = await held(holds, "s", budget, 40n);
    const [first, second] = await Promise.all([hold.settle([10n]), hold.settle([30n])]);
    expect(second).to.equal(first);
    expect(await standing(store, budget)).to.include({ spent: 10n });
  });

  it("say what they are being settled at as long as the store has not answered, and ask it once (L32)", async () => {
    const settling: (() => void)[] = [];
    const metered: bigint[] = [];
    class Slow extends MemoryBudgetStore {
      override async settle(call: Parameters<MemoryBudgetStore["settle"]>[0]) {
        await new Promise<void>((resolve) => settling.push(resolve));
        return await super.settle(call);
      }
      override meter(call: Parameters<MemoryBudgetStore["meter"]>[0]) {
        metered.push(...call.sessions.flatMap(({ amounts }) => amounts.map(({ amount }) => amount)));
        return super.meter(call);
      }
    }
    const { holds } = world(new Slow(() => clock.nowMs));
    const hold = await held(holds, "s", makeBudget(), 40n, () => [3n]);
    const both = [hold.settle([10n]), hold.settle([20n])];
    await holds.tick();
    expect(metered).to.deep.equal([10n]);
    expect(settling).to.have.length(1);
    for (const go of settling) go();
    await Promise.all(both);
  });

  it("do not grow where an extension is refused", async () => {
    const { holds } = world();
    const hold = await held(holds, "s", makeBudget(), 40n);
    expect(await hold.extend([61n])).to.include({ kind: "refused" });
    expect(hold.amounts).to.deep.equal([40n]);
  });

  it("tell who was refused, and hold nothing then", async () => {
    const { holds } = world();
    const answer = await holds.reserve("s", [lineOf(makeBudget(), 101n)], "v1");
    expect(answer.kind).to.equal("refused");
    expect(holds.size).to.equal(0);
  });

  it("live as long as their owner gives signs of life, and are booked at what it said last (L32)", async () => {
    const { store, holds } = world();
    const other = world(store, "gateway-2");
    const budget = makeBudget();
    let owed = 7n;
    await held(holds, "s", budget, 40n, () => [owed]);
    for (const nowMs of [9_000, 18_000]) {
      clock.nowMs = nowMs;
      await holds.tick();
      await other.holds.tick();
    }
    expect(other.expired).to.deep.equal([]);
    owed = 9n;
    clock.nowMs = 30_000;
    await other.holds.tick();
    expect(other.expired.map(({ sessionId, verdict }) => [sessionId, verdict])).to.deep.equal([["s", "metered"]]);
    expect(await standing(store, budget)).to.deep.equal({ spent: 7n, held: 0n, overrun: 0n });
  });

  it("owe all that they hold as long as nothing else is said", async () => {
    const { store, holds } = world();
    const budget = makeBudget();
    await held(holds, "s", budget, 40n);
    await holds.tick();
    clock.nowMs = 11_000;
    await world(store, "gateway-2").holds.tick();
    expect(await standing(store, budget)).to.include({ spent: 40n });
  });

  it("say what could not be told, and try again with the next sign", async () => {
    class Away extends MemoryBudgetStore {
      isAway = true;
      override meter(...call: Parameters<MemoryBudgetStore["meter"]>) {
        if (this.isAway) return Promise.reject(new BudgetStoreUnavailable("away"));
        return super.meter(...call);
      }
    }
    const store = new Away(() => clock.nowMs);
    const { holds, errors, expired } = world(store);
    await held(holds, "s", makeBudget(), 40n);
    await holds.tick();
    expect(errors).to.deep.equal(["away"]);
    store.isAway = false;
    clock.nowMs = 9_000;
    await holds.tick();
    clock.nowMs = 18_000;
    await holds.tick();
    expect({ errors, expired }).to.deep.equal({ errors: ["away"], expired: [] });
  });

  it("forget a hold that could not be settled: it expires in the store", async () => {
    class Broken extends MemoryBudgetStore {
      override settle(): Promise<never> {
        return Promise.reject(new Error("broken"));
      }
    }
    const { holds } = world(new Broken(() => clock.nowMs));
    const hold = await held(holds, "s", makeBudget(), 40n);
    expect(await hold.settle([1n]).catch((error: Error) => error.message)).to.equal("broken");
    expect(holds.size).to.equal(0);
  });

  it("wake who waits when one is settled, when something else changed, or after the time", async () => {
    const { holds } = world();
    const hold: Hold = await held(holds, "s", makeBudget(), 40n);
    const settled = holds.change(60_000);
    await hold.settle([0n]);
    await settled;
    const changed = holds.change(60_000);
    holds.changed();
    await changed;
    await holds.change(1);
  });

  it("know the accounts that were served, refused ones too, the latest first", async () => {
    const { holds } = world();
    const budget = makeBudget();
    await holds.reserve("s1", [lineOf(budget, 1n, "ada")], "v1");
    await holds.reserve("s2", [lineOf(budget, 1_000n, "bob")], "v1");
    expect(holds.accountsOf(budget.id)).to.deep.equal(["bob", "ada"]);
    expect(holds.accountsOf("ns/other")).to.deep.equal([]);
  });
});

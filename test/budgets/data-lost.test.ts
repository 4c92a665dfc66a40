import { expect } from "chai";
import { BudgetStoreUnavailable } from "../../src/budgets/budget-store.ts";
import type { LedgerEntry } from "../../src/core/request-record.ts";
import { budgetOf, failureOf, gatewaysOnRedis } from "./gateways.ts";
import { lineOf, makeReserve } from "./support.ts";

function entryOf(
  session: string,
  startedMs: number,
  lines: readonly { budgetId: string; account: string; window: { endMs: number }; spent: bigint; overrun: bigint }[],
): LedgerEntry {
  const budgets = lines.map(({ budgetId, account, window, spent, overrun }) => ({
    budget: budgetId,
    account,
    windowStartMs: 0,
    windowEndMs: window.endMs,
    spent: String(spent),
    overrun: String(overrun),
  }));
  return { type: "request", session, startedMs, budgets } as unknown as LedgerEntry;
}

describe("FailureModes whose store lost its data", () => {
  const { clock, makeGateway, loseData } = gatewaysOnRedis();
  const told: string[] = [];
  const changed = (state: string): void => void told.push(state);

  it("L39: applies each budget's mode until the loss is accepted, and books what it knows of", async () => {
    told.length = 0;
    const { gateway, open, settle, expectSums, direct } = makeGateway({ changed });
    const [deny, lease, allow] = [budgetOf("Deny"), budgetOf("Lease"), budgetOf("Allow")];
    const before = await open(lineOf(deny, 20n));
    await settle(await open(lineOf(lease, 0n)), [lease, 0n]);
    await gateway.tend();
    await loseData();
    expect(await failureOf(gateway.reserve(makeReserve([lineOf(deny, 1n)])))).to.be.instanceOf(BudgetStoreUnavailable);
    await settle(await open(lineOf(allow, 7n)), [allow, 7n]);
    await gateway.tend();
    expect(told).to.deep.equal(["lost"]);
    expect(gateway.absence).to.match(/has lost the budgets/);
    direct.acceptLoss();
    await gateway.acceptLoss();
    expect(told).to.deep.equal(["lost", "well"]);
    await settle(before, [deny, 15n]);
    await gateway.tend();
    await expectSums(deny, 15n, 0n);
    await expectSums(allow, 7n, 0n);
    await gateway.close();
  });

  it("L39: spends no more from a slice whose hold was lost, books what was spent from it, and takes another", async () => {
    const { gate, gateway, open, settle, heal, expectSums, direct } = makeGateway();
    const budget = budgetOf("Lease");
    await settle(await open(lineOf(budget, 0n)), [budget, 0n]);
    await gateway.tend();
    gate.gate = "away";
    const session = await open(lineOf(budget, 4n));
    await loseData();
    await heal();
    await gateway.acceptLoss();
    gate.gate = "away";
    await gateway.look();
    expect(await failureOf(gateway.reserve(makeReserve([lineOf(budget, 1n)])))).to.be.instanceOf(
      BudgetStoreUnavailable,
    );
    await settle(session, [budget, 3n]);
    await heal();
    direct.acceptLoss();
    await expectSums(budget, 3n, 10n);
  });

  it("L39: is rebuilt from the ledger of this gateway; what waits is not booked twice", async () => {
    told.length = 0;
    const entries: LedgerEntry[] = [];
    const ledger = {
      ledgerId: "gateway-1",
      termsOf: (id: string) => (id === budget.id ? budget : undefined),
      async *entries(): AsyncIterable<LedgerEntry> {
        for (const entry of entries) yield await Promise.resolve(entry);
      },
    };
    const { gate, gateway, open, settle, expectSums, direct } = makeGateway({ changed, ledger });
    const budget = budgetOf("Allow");
    const end = async (session: string, cost: bigint) => {
      const settled = await settle(session, [budget, cost]);
      if (settled.kind === "settled") entries.push(entryOf(session, clock.ms - 1, settled.lines));
    };
    await end(await open(lineOf(budget, 20n)), 20n);
    const inFlight = await open(lineOf(budget, 10n));
    gate.gate = "away";
    await end(await open(lineOf(budget, 7n)), 7n);
    await loseData();
    gate.gate = "open";
    await gateway.tend();
    await gateway.tend();
    expect(told).to.deep.equal(["away", "lost", "well"]);
    direct.acceptLoss();
    await expectSums(budget, 27n, 0n);
    await end(inFlight, 3n);
    await gateway.tend();
    await expectSums(budget, 30n, 0n);
  });
});

import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { BudgetStoreUnavailable } from "../../src/budgets/budget-store.ts";
import { budgetOf, failureOf, gatewaysOnRedis } from "./gateways.ts";
import { hourMs } from "./stores/driver.ts";
import { lineOf, makeReserve, minute, rollingHour } from "./support.ts";

describe("FailureModes that say Lease", () => {
  const { clock, makeGateway } = gatewaysOnRedis();

  it("L39: leases a slice of an account that is served, spends from it while the store is away, and settles that", async () => {
    const { gate, gateway, open, settle, heal, expectSums } = makeGateway();
    const budget = budgetOf("Lease");
    await settle(await open(lineOf(budget, 5n)), [budget, 5n]);
    await gateway.tend();
    await expectSums(budget, 5n, 10n);
    gate.gate = "away";
    await settle(await open(lineOf(budget, 6n)), [budget, 4n]);
    const session = await open(lineOf(budget, 6n));
    const refused = await failureOf(gateway.reserve(makeReserve([lineOf(budget, 1n)])));
    expect(refused).to.be.instanceOf(BudgetStoreUnavailable);
    expect(String(refused)).to.match(/leased slice is used up/);
    await settle(session, [budget, 5n]);
    await heal();
    // 4 and 5 of the slice are spent, and another one is taken
    await expectSums(budget, 14n, 10n);
    await gateway.close();
    await expectSums(budget, 14n, 0n);
  });

  it("L39: refuses an account of which no slice is leased", async () => {
    const { gate, gateway } = makeGateway();
    gate.gate = "away";
    const refused = await failureOf(gateway.reserve(makeReserve([lineOf(budgetOf("Lease"), 1n)])));
    expect(refused).to.be.instanceOf(BudgetStoreUnavailable);
    expect(String(refused)).to.match(/no slice of it is leased/);
  });

  it("L39: a request on several budgets holds on all slices or on none", async () => {
    const { gate, gateway, open, settle, heal, expectSums } = makeGateway();
    const [wide, narrow] = [budgetOf("Lease"), budgetOf("Lease", { limit: 50n })];
    const both = (amount: bigint) => [lineOf(wide, amount), lineOf(narrow, amount)];
    await settle(await open(...both(1n)), [wide, 0n], [narrow, 0n]);
    await gateway.tend();
    gate.gate = "away";
    expect(await failureOf(gateway.reserve(makeReserve(both(6n))))).to.be.instanceOf(BudgetStoreUnavailable);
    await settle(await open(lineOf(wide, 10n)), [wide, 10n]);
    await settle(await open(lineOf(narrow, 5n)), [narrow, 5n]);
    await heal();
    await gateway.close();
    await expectSums(wide, 10n, 0n);
    await expectSums(narrow, 5n, 0n);
  });

  it("L39: what began before grows from the slice; the hold and the slice settle at what was used of each", async () => {
    const { gate, gateway, open, settle, extend, heal, expectSums } = makeGateway();
    const budget = budgetOf("Lease");
    const session = await open(lineOf(budget, 20n));
    await gateway.tend();
    gate.gate = "away";
    expect(await extend(session, [budget, 6n])).to.have.property("kind", "reserved");
    expect(await failureOf(extend(session, [budget, 5n]))).to.be.instanceOf(BudgetStoreUnavailable);
    expect(await settle(session, [budget, 23n])).to.have.nested.property("lines[0].spent", 23n);
    await heal();
    await gateway.close();
    await expectSums(budget, 23n, 0n);
  });

  it("L39: a slice that a request still holds on is neither settled nor replaced when the store is back", async () => {
    const { gate, gateway, open, settle, heal, expectSums } = makeGateway();
    const budget = budgetOf("Lease");
    await settle(await open(lineOf(budget, 0n)), [budget, 0n]);
    await gateway.tend();
    gate.gate = "away";
    const session = await open(lineOf(budget, 8n));
    await heal();
    await expectSums(budget, 0n, 10n);
    gate.gate = "away";
    expect(await failureOf(gateway.reserve(makeReserve([lineOf(budget, 3n)])))).to.be.instanceOf(Error);
    await settle(session, [budget, 8n]);
    await heal();
    await expectSums(budget, 8n, 10n);
  });

  it("L39: a slice of a window that is over is not spent from, and is replaced by one of the new", async () => {
    for (const window of [minute, rollingHour]) {
      const { gate, gateway, open, settle, heal, expectSums } = makeGateway();
      const budget = budgetOf("Lease", { window });
      await settle(await open(lineOf(budget, 0n)), [budget, 0n]);
      await gateway.tend();
      gate.gate = "away";
      clock.ms += window === minute ? 60_000 : hourMs;
      expect(await failureOf(gateway.reserve(makeReserve([lineOf(budget, 1n)])))).to.be.instanceOf(Error);
      gate.gate = "open";
      await gateway.tend();
      await settle(await open(lineOf(budget, 0n)), [budget, 0n]);
      await heal();
      await expectSums(budget, 0n, 10n);
      gate.gate = "away";
      await open(lineOf(budget, 10n));
    }
  });

  it("L39: gives back the slice of an account without requests, and of one that has little left", async () => {
    const { gateway, open, settle, expectSums } = makeGateway();
    const [idle, full] = [budgetOf("Lease"), budgetOf("Lease")];
    for (const budget of [idle, full]) await settle(await open(lineOf(budget, 0n)), [budget, 0n]);
    await gateway.tend();
    await expectSums(idle, 0n, 10n);
    await open(lineOf(full, 85n));
    await gateway.tend();
    await expectSums(full, 0n, 85n);
    // nothing is leased of it again
    await open(lineOf(full, 15n));
    await gateway.tend();
    await expectSums(full, 0n, 100n);
    clock.ms += 60_000;
    await gateway.tend();
    await expectSums(idle, 0n, 0n);
  });

  it("L39: a slice that refuses somebody is given back", async () => {
    const { gateway, open, settle, expectSums } = makeGateway();
    const budget = budgetOf("Lease");
    await settle(await open(lineOf(budget, 0n)), [budget, 0n]);
    await gateway.tend();
    expect(await gateway.reserve(makeReserve([lineOf(budget, 95n)]))).to.have.property("kind", "refused");
    await gateway.tend();
    await open(lineOf(budget, 95n));
    await expectSums(budget, 0n, 95n);
  });

  it("L39: the slice of a gateway that died is given back when it expires, and is no request that expired", async () => {
    const dead = makeGateway();
    const alive = makeGateway();
    const budget = budgetOf("Lease");
    // it has said that it lives just now
    await dead.gateway.tend();
    await dead.settle(await dead.open(lineOf(budget, 0n)), [budget, 0n]);
    await dead.gateway.tend();
    clock.ms += 599_000;
    await alive.gateway.expire({ id: randomUUID(), maxHolds: 1_000 });
    await alive.expectSums(budget, 0n, 10n);
    clock.ms += 1_000;
    expect(await alive.gateway.expire({ id: randomUUID(), maxHolds: 1_000 })).to.deep.equal([]);
    await alive.expectSums(budget, 0n, 0n);
  });

  it("L39: leases of no more accounts than it is told to", async () => {
    const { gateway, open } = makeGateway({ maxAccounts: 3 });
    const budget = budgetOf("Lease");
    for (let index = 0; index < 6; index++) await open(lineOf(budget, 1n, `account ${index}`));
    await gateway.tend();
    await gateway.tend();
    expect(gateway.leasedAccounts).to.equal(3);
  });

  it("L35, L39: confirms a tier by how the account stood last", async () => {
    const { gate, gateway, open } = makeGateway();
    const budget = budgetOf("Lease");
    await open(lineOf(budget, 40n));
    await gateway.tend();
    gate.gate = "away";
    const [standing] = await gateway.read([{ budget, account: "alice" }]);
    expect(standing).to.deep.include({ spent: 0n, held: 50n, limit: 100n });
    const tier = { ...lineOf(budget, 1n), leastRemaining: 51n };
    expect(await gateway.reserve(makeReserve([tier]))).to.have.nested.property("shortages[0].held", 50n);
    expect(await gateway.reserve(makeReserve([{ ...tier, leastRemaining: 50n }]))).to.have.property("kind", "reserved");
  });
});

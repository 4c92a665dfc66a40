import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { BudgetStoreUnavailable, type ReserveCall } from "../../src/budgets/budget-store.ts";
import type { FailureModes } from "../../src/budgets/failure-modes.ts";
import { until } from "../support/wait.ts";
import { budgetOf, failureOf, gatewaysOnRedis } from "./gateways.ts";
import { budgetStoreContract } from "./stores/budget-store.contract.ts";
import { amounts, noon } from "./stores/driver.ts";
import { lineOf, makeFailureModes, makeReserve, minute } from "./support.ts";

describe("FailureModes around a real Redis", () => {
  const { clock, nowMs, makeStore, makeGateway, loseData } = gatewaysOnRedis();

  for (const mode of ["Deny", "Allow", "Lease"] as const) {
    describe(`that say ${mode}`, () => {
      let store: FailureModes;

      before(async () => {
        await loseData();
        store = makeFailureModes(makeStore(), { nowMs, modeOf: () => mode });
      });

      budgetStoreContract("FailureModes", () => ({
        store,
        get nowMs() {
          return clock.ms;
        },
        set nowMs(atMs: number) {
          clock.ms = atMs;
        },
      }));
    });
  }

  it("L39: costs no call beside the store's own while that is well", async () => {
    const { gate, open, settle } = makeGateway();
    const [lease, allow] = [budgetOf("Lease"), budgetOf("Allow")];
    const before = gate.calls;
    const session = await open(lineOf(lease, 5n), lineOf(allow, 5n));
    await settle(session, [lease, 5n], [allow, 5n]);
    expect(gate.calls - before).to.equal(2);
  });

  it("L39: tells of what lasts, and not of a call that is late", async () => {
    const told: string[] = [];
    const { gate, gateway, heal } = makeGateway({ changed: (state) => told.push(state) });
    const ask = () => failureOf(gateway.reserve(makeReserve([lineOf(budgetOf("Deny"), 1n)])));
    gate.gate = "once";
    expect(await ask()).to.be.instanceOf(BudgetStoreUnavailable);
    await gateway.tend();
    expect(await ask()).to.have.property("kind", "reserved");
    expect(told).to.deep.equal([]);
    gate.gate = "away";
    await ask();
    await gateway.tend();
    expect(told).to.deep.equal(["away"]);
    await heal();
    expect(told).to.deep.equal(["away", "well"]);
  });

  it("L39: what the store will never take is dropped, counted and told, and keeps nothing else waiting", async () => {
    const told: unknown[] = [];
    const { gate, gateway, metrics, direct, open, settle, heal, expectSums } = makeGateway({
      unexpected: (error) => told.push(error),
    });
    const budget = budgetOf("Deny");
    const ours = await open(lineOf(budget, 20n));
    const foreign = makeReserve([lineOf(budget, 20n)]);
    await direct.reserve(foreign);
    gate.gate = "away";
    await gateway.settle({ id: randomUUID(), sessionId: foreign.sessionId, amounts: [] });
    await settle(ours, [budget, 5n]);
    await heal();
    expect(told).to.have.length(1);
    expect(String(told[0])).to.match(/RangeError.*do not name the budgets/);
    expect(await metrics.render()).to.match(/tollgate_budget_journal_dropped_total 1/);
    expect(gateway.waiting).to.equal(0);
    await expectSums(budget, 5n, 20n);
  });

  describe("Deny", () => {
    it("L39: refuses what is Hard or Soft, and lets a Shadow budget's request pass and books it", async () => {
      const { gate, gateway, open, settle, heal, expectSums } = makeGateway();
      const shadow = budgetOf("Deny", { enforcement: "Shadow" });
      gate.gate = "away";
      for (const enforcement of ["Hard", "Soft"] as const) {
        const denied = budgetOf("Deny", { enforcement });
        const lines = [lineOf(budgetOf("Allow"), 1n), lineOf(denied, 1n)];
        expect(await failureOf(gateway.reserve(makeReserve(lines)))).to.be.instanceOf(BudgetStoreUnavailable);
        const read = gateway.read([{ budget: denied, account: "alice" }]);
        expect(await failureOf(read)).to.be.instanceOf(BudgetStoreUnavailable);
      }
      await settle(await open(lineOf(shadow, 150n)), [shadow, 120n]);
      await heal();
      await expectSums(shadow, 120n, 0n);
    });

    it("L39: a reservation that was refused because its answer was lost holds nothing when the store is back", async () => {
      const { gate, gateway, heal, expectSums } = makeGateway();
      const budget = budgetOf("Deny");
      gate.gate = "deaf";
      const call = makeReserve([lineOf(budget, 60n)]);
      expect(await failureOf(gateway.reserve(call))).to.be.instanceOf(BudgetStoreUnavailable);
      await expectSums(budget, 0n, 60n);
      await heal();
      await expectSums(budget, 0n, 0n);
    });

    it("L39: a reservation that reaches the store after that holds nothing either", async () => {
      const { gate, gateway, direct, heal, expectSums } = makeGateway();
      const budget = budgetOf("Deny");
      gate.gate = "away";
      const call = makeReserve([lineOf(budget, 60n)]);
      await failureOf(gateway.reserve(call));
      await heal();
      expect(await direct.reserve(call)).to.deep.equal({ kind: "closed" });
      await expectSums(budget, 0n, 0n);
    });

    it("L32, L39: what began before is settled when the store is back, and is not extended meanwhile", async () => {
      const { gate, gateway, open, settle, extend, heal, expectSums } = makeGateway();
      const budget = budgetOf("Deny");
      const session = await open(lineOf(budget, 60n));
      gate.gate = "away";
      expect(await failureOf(extend(session, [budget, 5n]))).to.be.instanceOf(BudgetStoreUnavailable);
      const metered = { sessionId: session, amounts: amounts([budget, 5n]) };
      expect(await gateway.meter({ timeToLiveMs: 10_000, sessions: [metered] })).to.deep.equal(["open"]);
      const settled = await settle(session, [budget, 25n]);
      expect(settled).to.have.nested.property("lines[0].spent", 25n);
      expect(settled).to.have.nested.property("standings[0].held", 0n);
      await expectSums(budget, 0n, 60n);
      await heal();
      await expectSums(budget, 25n, 0n);
    });

    it("L32: a settlement whose answer was lost counts once", async () => {
      const { gate, open, settle, heal, expectSums } = makeGateway();
      const budget = budgetOf("Deny");
      const session = await open(lineOf(budget, 60n));
      gate.gate = "deaf";
      await settle(session, [budget, 25n]);
      await heal();
      await expectSums(budget, 25n, 0n);
    });

    it("L32: settles no hold of others while settlements wait, so that owners are not late", async () => {
      const { gate, gateway, open, settle, expectSums } = makeGateway();
      const budget = budgetOf("Deny");
      const session = await open(lineOf(budget, 60n));
      gate.gate = "away";
      await settle(session, [budget, 25n]);
      clock.ms += 20_000;
      const expire = () => gateway.expire({ id: randomUUID(), maxHolds: 1_000 });
      expect(await expire()).to.deep.equal([]);
      let release = (): void => undefined;
      gate.settlesAfter = new Promise((resolve) => {
        release = resolve;
      });
      gate.gate = "open";
      const tending = gateway.tend();
      await until("the store to be found", () => gateway.absence === undefined);
      expect(gateway.waiting).to.equal(1);
      expect(await expire()).to.deep.equal([]);
      await expectSums(budget, 0n, 60n);
      release();
      await tending;
      await expectSums(budget, 25n, 0n);
    });
  });

  describe("Allow", () => {
    it("L39: passes, and is booked once, in the window in which it began, when the store is back", async () => {
      const { gate, open, settle, extend, heal, expectSums } = makeGateway();
      const budget = budgetOf("Allow", { window: minute });
      gate.gate = "away";
      const session = await open(lineOf(budget, 90n));
      expect(await extend(session, [budget, 60n])).to.have.property("kind", "reserved");
      clock.ms += 60_000;
      await settle(session, [budget, 130n]);
      await heal();
      await expectSums(budget, 100n, 0n, 30n, noon);
      await expectSums(budget, 0n, 0n);
    });

    it("L39: a booking whose answer was lost counts once", async () => {
      const { gate, gateway, open, settle, heal, expectSums } = makeGateway();
      const budget = budgetOf("Allow");
      gate.gate = "away";
      await settle(await open(lineOf(budget, 9n)), [budget, 9n]);
      gate.gate = "deaf";
      await gateway.tend();
      gate.gate = "away";
      await gateway.tend();
      await heal();
      await expectSums(budget, 9n, 0n);
    });

    it("L39: a request that is in flight when the store is back is booked at its end", async () => {
      const { gate, gateway, open, settle, extend, heal, expectSums } = makeGateway();
      const budget = budgetOf("Allow");
      gate.gate = "away";
      const session = await open(lineOf(budget, 9n));
      await heal();
      const metered = { sessionId: session, amounts: amounts([budget, 5n]) };
      expect(await gateway.meter({ timeToLiveMs: 10_000, sessions: [metered] })).to.deep.equal(["open"]);
      expect(await extend(session, [budget, 3n])).to.have.property("kind", "reserved");
      await settle(session, [budget, 12n]);
      await gateway.tend();
      await expectSums(budget, 12n, 0n);
    });

    it("L32: a reservation repeated with its id is answered the same; another of its session is closed", async () => {
      const { gate, gateway } = makeGateway();
      const budget = budgetOf("Allow");
      gate.gate = "away";
      const call: ReserveCall = makeReserve([lineOf(budget, 9n)]);
      const first = await gateway.reserve(call);
      expect(await gateway.reserve(call)).to.deep.equal(first);
      expect(await gateway.reserve({ ...call, id: randomUUID() })).to.deep.equal({ kind: "closed" });
    });

    it("L39: the journal is bounded; what is dropped is counted", async () => {
      const { gate, gateway, metrics, open, settle, heal, expectSums } = makeGateway({ maxEntries: 3 });
      const budget = budgetOf("Allow");
      gate.gate = "away";
      for (let index = 0; index < 5; index++) await settle(await open(lineOf(budget, 1n)), [budget, 1n]);
      expect(gateway.waiting).to.equal(3);
      await heal();
      await expectSums(budget, 3n, 0n);
      // the first one to go is the settlement of the reservation that met the outage
      expect(await metrics.render()).to.match(/tollgate_budget_journal_dropped_total 3/);
    });
  });
});

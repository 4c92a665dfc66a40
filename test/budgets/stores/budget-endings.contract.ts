import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { BudgetTerms } from "../../../src/budgets/budget-store.ts";
import { lineOf, makeBudget, makeReserve, minute } from "../support.ts";
import { amounts, type BudgetStoreSubject, driverOf, hourMs, noon, sums } from "./driver.ts";

/** The part of a BudgetStore's contract about how holds end (limits.md L32). */
export function budgetEndingsContract(subject: () => BudgetStoreSubject): void {
  const { store, reserve, open, extend, settle, meter, expire, standing, expectSums } = driverOf(subject);

  describe("settling", () => {
    it("L32: books what was spent and gives back the rest", async () => {
      const budget = makeBudget();
      await open(lineOf(budget, 30n));
      const session = await open(lineOf(budget, 60n));
      const window = { startMs: Date.parse("2026-03-04"), endMs: Date.parse("2026-03-05") };
      expect(await settle(session, [budget, 25n])).to.deep.equal({
        kind: "settled",
        late: false,
        priceVersion: "2026-03-01",
        lines: [{ budgetId: budget.id, account: "alice", window, spent: 25n, overrun: 0n }],
        standings: [{ budgetId: budget.id, account: "alice", window, limit: 100n, spent: 25n, held: 30n, overrun: 0n }],
      });
      await expectSums(budget, 25n, 30n);
    });

    it("L32: only the first settlement counts, and every later one gets its answer", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 60n));
      const first = await settle(session, [budget, 25n]);
      expect(await settle(session, [budget, 50n])).to.deep.equal(first);
      await expectSums(budget, 25n, 0n);
    });

    it("L31: what was billed beyond the hold is overrun: kept apart, and gone from what remains", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 50n));
      expect(await settle(session, [budget, 70n])).to.have.nested.property("lines[0].overrun", 20n);
      await expectSums(budget, 50n, 0n, 20n);
      expect(await reserve(lineOf(budget, 31n))).to.equal(undefined);
      await open(lineOf(budget, 30n));
    });

    it("L32: books in the window of the reservation", async () => {
      const budget = makeBudget({ window: minute });
      const session = await open(lineOf(budget, 60n));
      subject().nowMs = noon + 60_000;
      await open(lineOf(budget, 100n));
      await settle(session, [budget, 50n]);
      await expectSums(budget, 0n, 100n);
      expect(sums(await standing(budget, "alice", noon))).to.deep.equal({ spent: 50n, held: 0n, overrun: 0n });
    });

    it("L32: a settlement without a reservation books nothing, and a reservation that comes after it holds nothing", async () => {
      const budget = makeBudget();
      const call = makeReserve([lineOf(budget, 60n)]);
      expect(await settle(call.sessionId, [budget, 5n])).to.deep.equal({ kind: "unknown" });
      expect(await store().reserve(call)).to.deep.equal({ kind: "closed" });
      expect(await settle(call.sessionId, [budget, 5n])).to.deep.equal({ kind: "unknown" });
      await expectSums(budget, 0n, 0n);
    });

    it("refuses amounts for other budgets than were reserved, and keeps the hold", async () => {
      const [budget, other] = [makeBudget(), makeBudget()];
      const session = await open(lineOf(budget, 10n));
      for (const wrong of [
        [],
        [[other, 1n]],
        [
          [budget, 1n],
          [other, 1n],
        ],
        [
          [budget, 1n],
          [budget, 1n],
        ],
      ] as const) {
        for (const attempt of [settle, extend]) {
          const error = await attempt(session, ...(wrong as readonly (readonly [BudgetTerms, bigint])[])).then(
            String,
            String,
          );
          expect(error).to.match(/RangeError/);
        }
      }
      expect(await meter(session, other, 1n).then(String, String)).to.match(/RangeError/);
      await expectSums(budget, 0n, 10n);
    });
  });

  describe("expiring", () => {
    /** What the tests of others left behind is settled first. */
    beforeEach(async () => {
      subject().nowMs = noon + 90 * 24 * hourMs;
      await expire(100_000);
    });

    it("L32: a hold whose owner is gone is settled whole with verdict unknown when nothing was metered", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 60n));
      subject().nowMs += 9_999;
      expect(await expire()).to.deep.equal([]);
      subject().nowMs += 1;
      const [hold, ...others] = await expire();
      expect(others).to.deep.equal([]);
      expect(hold).to.deep.include({
        sessionId: session,
        owner: "gateway-1",
        priceVersion: "2026-03-01",
        verdict: "unknown",
      });
      expect(hold?.lines[0]).to.deep.include({ spent: 60n, overrun: 0n });
      expect(await expire()).to.deep.equal([]);
      await expectSums(budget, 60n, 0n);
    });

    it("L32: it is settled at what was metered last, and lives as long as it is metered", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 60n));
      subject().nowMs += 9_000;
      expect(await meter(session, budget, 7n)).to.deep.equal(["open"]);
      subject().nowMs += 9_000;
      expect(await expire()).to.deep.equal([]);
      expect(await meter(session, budget, 12n)).to.deep.equal(["open"]);
      // a delayed report takes nothing back
      expect(await meter(session, budget, 8n)).to.deep.equal(["open"]);
      await expectSums(budget, 0n, 60n);
      subject().nowMs += 10_000;
      expect(await expire()).to.have.nested.property("[0].verdict", "metered");
      await expectSums(budget, 12n, 0n);
      expect(await meter(session, budget, 13n)).to.deep.equal(["closed"]);
    });

    it("L31: what was metered beyond the hold is overrun", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 20n));
      await meter(session, budget, 27n);
      subject().nowMs += 10_000;
      await expire();
      await expectSums(budget, 20n, 0n, 7n);
    });

    it("L32: a late settlement by the owner books the difference once, up or down", async () => {
      for (const bill of [0n, 3n, 30n, 60n]) {
        const budget = makeBudget();
        const session = await open(lineOf(budget, 60n));
        await meter(session, budget, 10n);
        subject().nowMs += 10_000;
        await expire();
        const late = await settle(session, [budget, bill]);
        expect(late).to.include({ kind: "settled", late: true });
        expect(await settle(session, [budget, 1n])).to.deep.equal(late);
        await expectSums(budget, bill, 0n);
      }
    });

    it("L31, L32: what a late settlement finds no room for is overrun", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 60n));
      await meter(session, budget, 10n);
      subject().nowMs += 10_000;
      await expire();
      await open(lineOf(budget, 85n));
      await settle(session, [budget, 70n]);
      await expectSums(budget, 15n, 85n, 55n);
    });

    it("L32: a late settlement corrects an overrun that was metered", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 60n));
      await meter(session, budget, 100n);
      subject().nowMs += 10_000;
      await expire();
      await expectSums(budget, 60n, 0n, 40n);
      await settle(session, [budget, 61n]);
      await expectSums(budget, 60n, 0n, 1n);
    });

    it("a hold that expired takes no extension", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 10n));
      subject().nowMs += 10_000;
      await expire();
      expect(await extend(session, [budget, 1n])).to.deep.equal({ kind: "closed" });
    });

    it("settles as many as asked for, and several processes share the work", async () => {
      const budget = makeBudget();
      for (let index = 0; index < 10; index++) await open(lineOf(budget, 1n));
      subject().nowMs += 10_000;
      const shares = await Promise.all([expire(4), expire(4), expire(4)]);
      expect(shares.map(({ length }) => length)).to.deep.equal([4, 4, 2]);
      expect(new Set(shares.flat().map(({ sessionId }) => sessionId))).to.have.property("size", 10);
      await expectSums(budget, 10n, 0n);
    });

    it("L32: repeated with its id, it gives the same holds again and settles no others", async () => {
      const budget = makeBudget();
      await open(lineOf(budget, 5n));
      subject().nowMs += 10_000;
      const call = { id: randomUUID(), maxHolds: 10 };
      const first = await store().expire(call);
      expect(first).to.have.length(1);
      await open(lineOf(budget, 6n));
      subject().nowMs += 10_000;
      expect(await store().expire(call)).to.deep.equal(first);
      await expectSums(budget, 5n, 6n);
    });
  });

  describe("repeated with the same id", () => {
    it("L32: a reservation holds once and answers the same, whatever happened since", async () => {
      const budget = makeBudget();
      const call = makeReserve([lineOf(budget, 30n)]);
      const first = await store().reserve(call);
      await open(lineOf(budget, 20n));
      expect(await store().reserve(call)).to.deep.equal(first);
      await settle(call.sessionId, [budget, 1n]);
      expect(await store().reserve(call)).to.deep.equal(first);
      await expectSums(budget, 1n, 20n);
    });

    it("L32: a refusal stays one, also when there is room by now", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 90n));
      const call = makeReserve([lineOf(budget, 30n)]);
      const refused = await store().reserve(call);
      await settle(session, [budget, 0n]);
      expect(await store().reserve(call)).to.deep.equal(refused);
      await expectSums(budget, 0n, 0n);
    });

    it("L32: an extension holds once, a hundred at once too", async () => {
      const budget = makeBudget();
      const session = await open(lineOf(budget, 30n));
      const call = { id: randomUUID(), sessionId: session, amounts: amounts([budget, 5n]) };
      const answers = await Promise.all(Array.from({ length: 100 }, () => store().extend(call)));
      for (const answer of answers) expect(answer).to.deep.equal(answers[0]);
      await expectSums(budget, 0n, 35n);
    });
  });
}

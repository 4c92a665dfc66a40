import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { ReserveLine } from "../../../src/budgets/budget-store.ts";
import { day, lineOf, makeBudget, makeReserve, minute, rollingHour } from "../support.ts";
import { budgetEndingsContract } from "./budget-endings.contract.ts";
import { type BudgetStoreSubject, driverOf, hourMs, noon, sums } from "./driver.ts";

/** The cases that every BudgetStore passes (limits.md L31, L32, L39). */
export function budgetStoreContract(name: string, subject: () => BudgetStoreSubject): void {
  describe(`${name} as a BudgetStore`, () => {
    const { store, reserve, open, extend, settle, standing, expectSums } = driverOf(subject);

    beforeEach(() => {
      subject().nowMs = noon;
    });

    describe("reserving", () => {
      it("L31: holds an amount, and answers how the account stands with it", async () => {
        const budget = makeBudget();
        const answer = await store().reserve(makeReserve([lineOf(budget, 30n)]));
        const window = { startMs: Date.parse("2026-03-04"), endMs: Date.parse("2026-03-05") };
        const expected = {
          budgetId: budget.id,
          account: "alice",
          window,
          limit: 100n,
          spent: 0n,
          held: 30n,
          overrun: 0n,
        };
        expect(answer).to.deep.equal({ kind: "reserved", standings: [expected], wouldRefuse: [] });
        expect(await standing(budget)).to.deep.equal(expected);
      });

      it("L31: lets the last unit through and refuses the next, which holds nothing", async () => {
        const budget = makeBudget();
        await open(lineOf(budget, 60n));
        expect(await reserve(lineOf(budget, 41n))).to.equal(undefined);
        await open(lineOf(budget, 40n));
        expect(await reserve(lineOf(budget, 1n))).to.equal(undefined);
        await expectSums(budget, 0n, 100n);
      });

      it("L36: a refusal says which budget, account and window, what is used, what was asked and when it passes", async () => {
        const budget = makeBudget();
        await settle(await open(lineOf(budget, 50n)), [budget, 45n]);
        await open(lineOf(budget, 20n));
        expect(await store().reserve(makeReserve([lineOf(budget, 36n)]))).to.deep.equal({
          kind: "refused",
          shortages: [
            {
              budgetId: budget.id,
              account: "alice",
              window: { startMs: Date.parse("2026-03-04"), endMs: Date.parse("2026-03-05") },
              limit: 100n,
              spent: 45n,
              held: 20n,
              overrun: 0n,
              asked: 36n,
              passesAtMs: Date.parse("2026-03-05"),
            },
          ],
        });
      });

      it("L36: what is larger than the limit never passes", async () => {
        const budget = makeBudget();
        const answer = await store().reserve(makeReserve([lineOf(budget, 101n)]));
        expect(answer).to.have.nested.property("shortages[0].passesAtMs", undefined);
      });

      it("L31: holds on all budgets of a request or on none, wherever the refusal stands", async () => {
        for (const refusedAt of [0, 1, 2]) {
          const budgets = [0, 1, 2].map((index) => makeBudget({ limit: index === refusedAt ? 4n : 100n }));
          const answer = await store().reserve(makeReserve(budgets.map((budget) => lineOf(budget, 5n))));
          expect(answer.kind === "refused" && answer.shortages.map(({ budgetId }) => budgetId)).to.deep.equal([
            budgets[refusedAt]?.id,
          ]);
          for (const budget of budgets) await expectSums(budget, 0n, 0n);
        }
      });

      it("L36: names every budget that refuses", async () => {
        const [first, second, third] = [makeBudget({ limit: 1n }), makeBudget(), makeBudget({ limit: 2n })];
        const answer = await store().reserve(makeReserve([first, second, third].map((budget) => lineOf(budget, 5n))));
        expect(answer.kind === "refused" && answer.shortages.map(({ budgetId }) => budgetId)).to.deep.equal([
          first.id,
          third.id,
        ]);
      });

      it("keeps accounts and budgets apart, whatever characters their names have", async () => {
        const [one, other] = [
          makeBudget({ id: `a|1:b ${randomUUID()}` }),
          makeBudget({ id: `a{}"ü😀\n ${randomUUID()}` }),
        ];
        for (const budget of [one, other]) {
          for (const account of ["", "b", "1:b|", '{"}', "ü😀\n"]) await open(lineOf(budget, 100n, account));
          for (const account of ["", "b", "1:b|", '{"}', "ü😀\n"]) await expectSums(budget, 0n, 100n, 0n, account);
        }
      });

      it("L31: 200 reservations at once hold exactly what fits", async () => {
        const budget = makeBudget({ limit: 300n });
        const all = await Promise.all(Array.from({ length: 200 }, () => reserve(lineOf(budget, 3n))));
        expect(all.filter((session) => session !== undefined)).to.have.length(100);
        await expectSums(budget, 0n, 300n);
      });

      it("L30: stays exact where a double is not: a month of ten million dollars in nano-USD", async () => {
        const limit = 10_000_000_000_000_001n;
        const budget = makeBudget({ limit, window: { kind: "calendar", every: "Month", timeZone: "Europe/Berlin" } });
        const session = await open(lineOf(budget, limit - 3n));
        expect(await reserve(lineOf(budget, 4n))).to.equal(undefined);
        await open(lineOf(budget, 3n));
        await expectSums(budget, 0n, limit);
        expect(await settle(session, [budget, limit - 4n])).to.have.nested.property("lines[0].spent", limit - 4n);
        await expectSums(budget, limit - 4n, 3n);
        expect(await reserve(lineOf(budget, 2n))).to.equal(undefined);
        await open(lineOf(budget, 1n));
      });

      it("carries over limbs of nine digits in both directions", async () => {
        const budget = makeBudget({ limit: 3_000_000_000n });
        const first = await open(lineOf(budget, 999_999_999n));
        const second = await open(lineOf(budget, 1n));
        await expectSums(budget, 0n, 1_000_000_000n);
        await settle(second, [budget, 0n]);
        await expectSums(budget, 0n, 999_999_999n);
        await settle(first, [budget, 999_999_998n]);
        await open(lineOf(budget, 2_000_000_002n));
        await expectSums(budget, 999_999_998n, 2_000_000_002n);
        expect(await reserve(lineOf(budget, 1n))).to.equal(undefined);
      });

      it("L35: refuses when less remains than the chosen tier needs, and asks extensions for nothing of the kind", async () => {
        for (const enforcement of ["Hard", "Soft"] as const) {
          const budget = makeBudget({ enforcement });
          const tier = (amount: bigint) => ({ ...lineOf(budget, amount), leastRemaining: 50n });
          const session = await open(tier(40n));
          await open(tier(10n));
          await open(lineOf(budget, 1n));
          const answer = await store().reserve(makeReserve([tier(1n)]));
          expect(answer).to.have.nested.property("shortages[0].held", 51n);
          expect(answer).to.have.nested.property("shortages[0].asked", 1n);
          expect(await extend(session, [budget, 30n])).to.have.property("kind", "reserved");
        }
      });

      it("an edited limit keeps what was used", async () => {
        const budget = makeBudget();
        await open(lineOf(budget, 80n));
        expect(await reserve(lineOf({ ...budget, limit: 90n }, 11n))).to.equal(undefined);
        await open(lineOf({ ...budget, limit: 200n }, 120n));
      });

      it("L33: a session holds once; another reservation of it is closed, and so is one after its settlement", async () => {
        const budget = makeBudget();
        const sessionId = await open(lineOf(budget, 10n));
        const again = () => store().reserve(makeReserve([lineOf(budget, 10n)], { sessionId }));
        expect(await again()).to.deep.equal({ kind: "closed" });
        await settle(sessionId, [budget, 10n]);
        expect(await again()).to.deep.equal({ kind: "closed" });
        await expectSums(budget, 10n, 0n);
      });

      it("a session that was refused may ask again for less", async () => {
        const budget = makeBudget();
        const call = makeReserve([lineOf(budget, 101n)]);
        expect(await store().reserve(call)).to.have.property("kind", "refused");
        const less = makeReserve([lineOf(budget, 99n)], { sessionId: call.sessionId });
        expect(await store().reserve(less)).to.have.property("kind", "reserved");
      });

      it("tells mistakes of the caller, and holds nothing", async () => {
        const budget = makeBudget();
        const wrong: readonly (readonly [ReserveLine[], RegExp])[] = [
          [[], /at least one budget/],
          [[lineOf(budget, 1n), lineOf(budget, 1n)], /stands twice/],
          [[lineOf(budget, -1n)], /between 0 and/],
          [[lineOf({ ...budget, limit: 10n ** 19n }, 1n)], /limit of budget/],
        ];
        for (const [lines, message] of wrong) {
          const error = await store().reserve(makeReserve(lines)).then(String, String);
          expect(error)
            .to.match(/RangeError/)
            .and.to.match(message);
        }
        await expectSums(budget, 0n, 0n);
      });
    });

    describe("extending", () => {
      it("L33: holds more on every budget or on none", async () => {
        const [wide, narrow] = [makeBudget(), makeBudget({ limit: 30n })];
        const session = await open(lineOf(wide, 10n), lineOf(narrow, 10n));
        expect(await extend(session, [wide, 20n], [narrow, 20n])).to.have.property("kind", "reserved");
        const refused = await extend(session, [narrow, 1n], [wide, 1n]);
        expect(refused.kind === "refused" && refused.shortages.map(({ budgetId }) => budgetId)).to.deep.equal([
          narrow.id,
        ]);
        expect(refused).to.have.nested.property("shortages[0].passesAtMs", undefined);
        await expectSums(wide, 0n, 30n);
        await expectSums(narrow, 0n, 30n);
      });

      it("L32: holds in the window of the reservation, and asks that window", async () => {
        const budget = makeBudget();
        const session = await open(lineOf(budget, 60n));
        subject().nowMs = noon + 24 * hourMs;
        await open(lineOf(budget, 90n));
        expect(await extend(session, [budget, 41n])).to.have.property("kind", "refused");
        expect(await extend(session, [budget, 40n])).to.have.property("kind", "reserved");
        expect(sums(await standing(budget, "alice", noon))).to.deep.equal({ spent: 0n, held: 100n, overrun: 0n });
        await expectSums(budget, 0n, 90n);
      });

      it("is closed for a session that is settled or that nobody knows", async () => {
        const budget = makeBudget();
        const session = await open(lineOf(budget, 10n));
        await settle(session, [budget, 1n]);
        expect(await extend(session, [budget, 1n])).to.deep.equal({ kind: "closed" });
        expect(await extend(randomUUID(), [budget, 1n])).to.deep.equal({ kind: "closed" });
        await expectSums(budget, 1n, 0n);
      });
    });

    describe("windows", () => {
      it("L39: a new window starts empty, and its day is that of the time zone, changes of clocks included", async () => {
        const budget = makeBudget({ window: { kind: "calendar", every: "Day", timeZone: "Europe/Berlin" } });
        // 23 hours long, because the clocks are set forward
        subject().nowMs = Date.parse("2026-03-29T21:59:59.999Z");
        await open(lineOf(budget, 100n));
        expect((await standing(budget)).window).to.deep.equal({
          startMs: Date.parse("2026-03-28T23:00:00Z"),
          endMs: Date.parse("2026-03-29T22:00:00Z"),
        });
        expect(await reserve(lineOf(budget, 1n))).to.equal(undefined);
        subject().nowMs += 1;
        await open(lineOf(budget, 100n));
      });

      it("a rolling window counts its last 60 buckets and the oldest one whole, so no hour sees more than the limit", async () => {
        const budget = makeBudget({ window: rollingHour });
        subject().nowMs = noon + 59_999;
        await settle(await open(lineOf(budget, 60n)), [budget, 60n]);
        subject().nowMs = noon + 60_000;
        await settle(await open(lineOf(budget, 30n)), [budget, 30n]);
        // the first is 59 min 59.999 s old, then an hour and more
        for (const later of [hourMs, hourMs + 59_999]) {
          subject().nowMs = noon + later;
          const answer = await store().reserve(makeReserve([lineOf(budget, 11n)]));
          expect(answer).to.have.nested.property("shortages[0].passesAtMs", noon + hourMs + 60_000);
          const more = await store().reserve(makeReserve([lineOf(budget, 71n)]));
          expect(more).to.have.nested.property("shortages[0].passesAtMs", noon + hourMs + 120_000);
        }
        subject().nowMs = noon + hourMs + 60_000;
        await expectSums(budget, 30n, 0n);
        await open(lineOf(budget, 70n));
        expect(await reserve(lineOf(budget, 1n))).to.equal(undefined);
      });

      it("L31: a hold of a rolling window grows only as far as the fullest hour that it belongs to lets it", async () => {
        const budget = makeBudget({ window: rollingHour });
        const session = await open(lineOf(budget, 10n));
        subject().nowMs = noon + 0.5 * hourMs;
        await open(lineOf(budget, 80n));
        subject().nowMs = noon + 1.25 * hourMs;
        await open(lineOf(budget, 15n));
        expect(await extend(session, [budget, 11n])).to.have.property("kind", "refused");
        expect(await extend(session, [budget, 10n])).to.have.property("kind", "reserved");
      });

      it("an account that is used through hundreds of windows keeps its open hold", async () => {
        const budget = makeBudget({ window: minute });
        const session = await open(lineOf(budget, 100n));
        for (let index = 1; index <= 300; index++) {
          subject().nowMs = noon + index * 60_000;
          await settle(await open(lineOf(budget, 5n)), [budget, 5n]);
        }
        expect(sums(await standing(budget, "alice", noon))).to.deep.equal({ spent: 0n, held: 100n, overrun: 0n });
        await settle(session, [budget, 40n]);
        expect(sums(await standing(budget, "alice", noon))).to.deep.equal({ spent: 40n, held: 0n, overrun: 0n });
        // what is long over was forgotten
        expect(sums(await standing(budget, "alice", noon + 60_000))).to.deep.equal({
          spent: 0n,
          held: 0n,
          overrun: 0n,
        });
        await expectSums(budget, 5n, 0n);
      });

      it("keeps windows of different kinds apart", async () => {
        const budget = makeBudget({ window: day });
        await open(lineOf(budget, 100n));
        await open(lineOf({ ...budget, window: rollingHour }, 100n));
        await open(lineOf({ ...budget, window: minute }, 100n));
      });
    });

    describe("Soft and Shadow", () => {
      it("Soft: lets begin what fits by its estimate, and books everything as spent", async () => {
        const budget = makeBudget({ enforcement: "Soft" });
        const session = await open(lineOf(budget, 0n));
        expect(await extend(session, [budget, 500n])).to.have.property("kind", "reserved");
        await settle(session, [budget, 150n]);
        await expectSums(budget, 150n, 0n);
      });

      it("Soft: a request without an estimate is refused when the limit is reached, not before", async () => {
        const budget = makeBudget({ enforcement: "Soft" });
        await settle(await open(lineOf(budget, 0n)), [budget, 99n]);
        await settle(await open(lineOf(budget, 0n)), [budget, 1n]);
        const answer = await store().reserve(makeReserve([lineOf(budget, 0n)]));
        expect(answer).to.have.nested.property("shortages[0].passesAtMs", Date.parse("2026-03-05"));
      });

      it("Shadow: counts, never refuses, and reports what it would have refused", async () => {
        const [shadow, hard] = [makeBudget({ enforcement: "Shadow" }), makeBudget({ limit: 1_000n })];
        const first = await store().reserve(makeReserve([lineOf(shadow, 100n), lineOf(hard, 100n)]));
        expect(first).to.have.property("wouldRefuse").with.length(0);
        const call = makeReserve([lineOf(shadow, 50n), lineOf(hard, 50n)]);
        const second = await store().reserve(call);
        expect(second).to.have.nested.property("wouldRefuse[0].budgetId", shadow.id);
        expect(second).to.have.nested.property("wouldRefuse[0].asked", 50n);
        await settle(call.sessionId, [shadow, 90n], [hard, 50n]);
        await expectSums(shadow, 90n, 100n);
      });

      it("Shadow: a Hard budget of the same request still refuses", async () => {
        const [shadow, hard] = [makeBudget({ enforcement: "Shadow" }), makeBudget({ limit: 1n })];
        expect(await reserve(lineOf(shadow, 2n), lineOf(hard, 2n))).to.equal(undefined);
        await expectSums(shadow, 0n, 0n);
      });
    });

    budgetEndingsContract(subject);

    it("reads many accounts at once, and none", async () => {
      const [one, other] = [makeBudget(), makeBudget()];
      await open(lineOf(one, 1n), lineOf(other, 2n));
      const both = await store().read([
        { budget: other, account: "alice" },
        { budget: one, account: "alice" },
      ]);
      expect(both.map(({ held }) => held)).to.deep.equal([2n, 1n]);
      expect(await store().read([])).to.deep.equal([]);
    });
  });
}

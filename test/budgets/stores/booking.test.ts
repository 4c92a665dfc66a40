import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { Redis } from "ioredis";
import type { Spending } from "../../../src/budgets/booking.ts";
import { BudgetDataLost } from "../../../src/budgets/budget-store.ts";
import { RedisBudgetStore } from "../../../src/budgets/stores/redis.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";
import { lineOf, makeBudget, makeReserve, rollingHour } from "../support.ts";
import { driverOf, hourMs, noon } from "./driver.ts";

describe("RedisBudgetStore that books what nothing was held for", () => {
  let redis: TestRedis;
  let client: Redis;
  let subject: { store: RedisBudgetStore; nowMs: number };

  function makeStore(): RedisBudgetStore {
    const nowMs = () => subject.nowMs;
    return new RedisBudgetStore({ client, place: "Redis of the test", timeoutMs: 5_000, nowMs, storeNowMs: nowMs });
  }

  before(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    await until("a connection", () => client.status === "ready");
    subject = { store: makeStore(), nowMs: noon };
  });

  beforeEach(() => {
    subject.nowMs = noon;
  });

  after(async () => {
    client?.disconnect();
    await redis?.stop();
  });

  const { open, settle, expectSums, standing } = driverOf(() => subject);

  function spend(budget: Spending["budget"], amount: bigint, atMs = noon): Spending {
    return { budget, account: "alice", atMs, amount };
  }

  it("L39: once, however often it is repeated", async () => {
    const budget = makeBudget();
    const call = { id: randomUUID(), spendings: [spend(budget, 30n)] };
    await Promise.all([subject.store.book(call), subject.store.book(call)]);
    await subject.store.book(call);
    await expectSums(budget, 30n, 0n);
    await subject.store.book({ ...call, id: randomUUID() });
    await expectSums(budget, 60n, 0n);
  });

  it("L31, L39: what a Hard budget has no room for is overrun, of others everything is spent", async () => {
    const [hard, soft] = [makeBudget(), makeBudget({ enforcement: "Soft" })];
    await open(lineOf(hard, 80n), lineOf(soft, 80n));
    await subject.store.book({ id: randomUUID(), spendings: [spend(hard, 30n), spend(soft, 30n)] });
    await expectSums(hard, 20n, 80n, 10n);
    await expectSums(soft, 30n, 80n);
  });

  it("L39: in the window of its time, also when that is over", async () => {
    const [day, rolling] = [makeBudget(), makeBudget({ window: rollingHour })];
    subject.nowMs = noon + 24 * hourMs;
    await settle(await open(lineOf(day, 90n)), [day, 90n]);
    await subject.store.book({ id: randomUUID(), spendings: [spend(day, 95n), spend(rolling, 95n)] });
    await expectSums(day, 90n, 0n);
    expect((await standing(day, "alice", noon)).spent).to.equal(95n);
    expect((await standing(rolling, "alice", noon + hourMs)).spent).to.equal(95n);
    expect((await standing(rolling, "alice", noon + hourMs + 60_000)).spent).to.equal(0n);
  });

  it("refuses amounts that no store can add, and books nothing of the call", async () => {
    const [one, other] = [makeBudget(), makeBudget()];
    for (const spendings of [[], [spend(one, 1n), spend(other, -1n)]]) {
      const error = await subject.store.book({ id: randomUUID(), spendings }).then(String, String);
      expect(error).to.match(/RangeError/);
    }
    await expectSums(one, 0n, 0n);
  });

  it("L39: rebuilds data that was lost, once, and goes on with it; other gateways do so in their turn", async () => {
    const budget = makeBudget();
    const other = makeStore();
    for (const store of [subject.store, other]) await store.reserve(makeReserve([lineOf(budget, 10n)]));
    await client.flushall();
    const call = { id: "rebuild", spendings: [spend(budget, 40n)] };
    expect(await subject.store.book(call).then(String, (error: unknown) => error)).to.be.instanceOf(BudgetDataLost);
    for (let time = 0; time < 2; time++) await subject.store.rebuild([call]);
    await expectSums(budget, 40n, 0n);
    const error = await other.read([]).then(String, (thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(BudgetDataLost);
    await other.rebuild([{ id: "rebuild of the other", spendings: [spend(budget, 7n)] }]);
    await expectSums(budget, 47n, 0n);
    expect(await other.epoch()).to.equal(await subject.store.epoch());
  });
});

import { expect } from "chai";
import { Redis } from "ioredis";
import { BudgetDataLost, BudgetStoreUnavailable } from "../../../src/budgets/budget-store.ts";
import { RedisBudgetStore } from "../../../src/budgets/stores/redis.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { until } from "../../support/wait.ts";
import { lineOf, makeBudget, makeReserve, minute } from "../support.ts";
import { budgetStoreContract } from "./budget-store.contract.ts";

describe("RedisBudgetStore on a real Redis", () => {
  let redis: TestRedis;
  let client: Redis;
  let subject: { store: RedisBudgetStore; nowMs: number };

  function makeStore(of: { timeoutMs?: number; nowMs?: () => number; storeNowMs?: () => number; epoch?: string } = {}) {
    return new RedisBudgetStore({ client, place: "Redis of the test", timeoutMs: 5_000, nowMs: Date.now, ...of });
  }

  before(async () => {
    redis = await startRedis();
    client = new Redis(redis.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    client.on("error", () => undefined);
    await until("a connection", () => client.status === "ready");
    const store = makeStore({ nowMs: () => subject.nowMs, storeNowMs: () => subject.nowMs });
    subject = { store, nowMs: 0 };
  });

  after(async () => {
    client?.disconnect();
    await redis?.stop();
  });

  budgetStoreContract("RedisBudgetStore", () => subject);

  it("L39: all its keys share one hash tag", async () => {
    await makeStore().reserve(makeReserve([lineOf(makeBudget(), 1n)]));
    for (const key of await client.keys("*")) expect(key).to.match(/^tollgate:\{budgets\}:/);
  });

  it("L39: windows are those of the store's clock, however wrong the gateway's is", async () => {
    const budget = makeBudget({ window: minute });
    for (const wrongMs of [0, -60_000, 90_000, -7 * 86_400_000, 7 * 86_400_000]) {
      const nowMs = () => Date.now() + wrongMs;
      const before = Date.now();
      const [standing] = await makeStore({ nowMs }).read([{ budget, account: "alice" }]);
      expect(standing?.window.startMs).to.be.at.most(Date.now());
      expect(standing?.window.endMs).to.be.above(before);
      const answer = await makeStore({ nowMs }).reserve(makeReserve([lineOf(budget, 1n)]));
      expect(answer.kind === "reserved" && answer.standings[0]?.window.endMs).to.be.within(before, Date.now() + 60_000);
    }
  });

  it("answers reserve and settle in one round trip each, also when the gateway's clock was found to be wrong", async () => {
    const budget = makeBudget();
    const store = makeStore({ nowMs: () => Date.now() - 7 * 86_400_000 });
    const evaluated = async (): Promise<number> => {
      const lines = await client.info("commandstats");
      return [...lines.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
        (sum, [, calls]) => sum + Number(calls),
        0,
      );
    };
    await store.read([{ budget, account: "alice" }]);
    const before = await evaluated();
    const call = makeReserve([lineOf(budget, 5n)]);
    await store.reserve(call);
    await store.settle({ id: "settle", sessionId: call.sessionId, amounts: [{ budgetId: budget.id, amount: 5n }] });
    expect((await evaluated()) - before).to.equal(2);
  });

  it("L32: an operation that timed out but had reached Redis applies once when it is repeated", async () => {
    const budget = makeBudget();
    const call = makeReserve([lineOf(budget, 30n)]);
    const impatient = makeStore({ timeoutMs: 20 });
    redis.pause();
    const error = await impatient.reserve(call).then(String, (thrown: unknown) => thrown);
    redis.resume();
    expect(error).to.be.instanceOf(BudgetStoreUnavailable);
    const patient = makeStore();
    expect(await patient.reserve(call)).to.have.property("kind", "reserved");
    const [standing] = await patient.read([{ budget, account: "alice" }]);
    expect(standing?.held).to.equal(30n);
  });

  it("holds what it acknowledged through a crash of Redis, and is unavailable meanwhile", async () => {
    const budget = makeBudget();
    const store = makeStore();
    const call = makeReserve([lineOf(budget, 30n)]);
    await store.reserve(call);
    await redis.kill();
    const error = await store.reserve(makeReserve([lineOf(budget, 1n)])).then(String, (thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(BudgetStoreUnavailable);
    await redis.restart();
    await until("a new connection", () => client.status === "ready");
    expect(await store.reserve(makeReserve([lineOf(budget, 71n)]))).to.have.property("kind", "refused");
    const amounts = [{ budgetId: budget.id, amount: 10n }];
    expect(await store.settle({ id: "late", sessionId: call.sessionId, amounts })).to.have.property("kind", "settled");
  });

  it("L39: a Redis that lost its data is told from one that never had any, until the loss is accepted", async () => {
    const budget = makeBudget();
    const running = makeStore();
    await running.reserve(makeReserve([lineOf(budget, 100n)]));
    const restarted = makeStore({ epoch: await running.epoch() });
    expect(await restarted.reserve(makeReserve([lineOf(budget, 1n)]))).to.have.property("kind", "refused");
    await client.flushall();
    const fresh = makeStore();
    for (const newcomer of [undefined, fresh]) {
      // the epoch is gone, and then another
      await newcomer?.read([{ budget, account: "alice" }]);
      for (const store of [running, restarted]) {
        const error = await store.reserve(makeReserve([lineOf(budget, 1n)])).then(String, (thrown: unknown) => thrown);
        expect(error).to.be.instanceOf(BudgetDataLost);
      }
    }
    running.acceptLoss();
    expect(await running.reserve(makeReserve([lineOf(budget, 1n)]))).to.have.property("kind", "reserved");
    expect(await running.epoch()).to.equal(await fresh.epoch());
    subject.store = makeStore({ nowMs: () => subject.nowMs, storeNowMs: () => subject.nowMs });
  });

  it("two gateways see each other's holds", async () => {
    const budget = makeBudget({ limit: 300n });
    const stores = [makeStore(), makeStore({ nowMs: () => Date.now() - 86_400_000 })];
    const answers = await Promise.all(
      stores.flatMap((store) => Array.from({ length: 100 }, () => store.reserve(makeReserve([lineOf(budget, 3n)])))),
    );
    expect(answers.filter(({ kind }) => kind === "reserved")).to.have.length(100);
  });
});

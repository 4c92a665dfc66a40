import { expect } from "chai";
import fc from "fast-check";
import { Redis } from "ioredis";
import { RedisBudgetStore } from "../../src/budgets/stores/redis.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";
import { Outages, outageRuns } from "./outages.ts";

/** `BUDGET_SEED=… BUDGET_RUNS=…` repeat a failure or look further. */
const seed = Number(process.env["BUDGET_SEED"] ?? Date.now() % 2 ** 31);
const factor = Number(process.env["BUDGET_RUNS"] ?? 1);

describe(`FailureModes whatever breaks, on a real Redis that two gateways share (BUDGET_SEED=${seed})`, function () {
  this.timeout(120_000 * factor);
  let redis: TestRedis;
  let client: Redis;

  before(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    await until("a connection", () => client.status === "ready");
  });

  after(async () => {
    client?.disconnect();
    await redis?.stop();
  });

  it("L39, L32: Lease and Deny let no more through than the limit and the stated bound, and every cost is booked once", async () => {
    let unstored = 0;
    await fc.assert(
      fc.asyncProperty(outageRuns, async (steps) => {
        let clockMs = 0;
        const nowMs = () => clockMs;
        const stores = [0, 1].map(
          () =>
            new RedisBudgetStore({ client, place: "Redis of the test", timeoutMs: 5_000, nowMs, storeNowMs: nowMs }),
        );
        const outages = new Outages(stores, (ms) => {
          clockMs = ms;
        });
        for (const step of steps) {
          await outages.take(step);
          await outages.check();
        }
        await outages.end();
        unstored += outages.unstored;
      }),
      { seed, numRuns: 60 * factor },
    );
    expect(unstored, "requests let through without the store").to.be.above(20);
  });
});

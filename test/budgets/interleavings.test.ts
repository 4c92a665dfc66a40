import fc from "fast-check";
import { Redis } from "ioredis";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import { RedisBudgetStore } from "../../src/budgets/stores/redis.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";
import { compare, runs } from "./interleavings.ts";

/** `BUDGET_SEED=… BUDGET_RUNS=…` repeat a failure or look further. */
const seed = Number(process.env["BUDGET_SEED"] ?? Date.now() % 2 ** 31);
const factor = Number(process.env["BUDGET_RUNS"] ?? 1);

describe(`L31, L32: whatever the interleaving, spent + held ≤ limit and everything is settled once (BUDGET_SEED=${seed})`, function () {
  this.timeout(120_000 * factor);

  it("in memory", async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        let nowMs = 0;
        const store = new MemoryBudgetStore(() => nowMs);
        await compare(run, [store], (ms) => {
          nowMs = ms;
        });
      }),
      { seed, numRuns: 300 * factor },
    );
  });

  describe("on a real Redis", () => {
    let redis: TestRedis;
    let clients: Redis[] = [];

    before(async () => {
      redis = await startRedis();
      clients = [new Redis(redis.url), new Redis(redis.url)];
      await until("connections", () => clients.every(({ status }) => status === "ready"));
    });

    after(async () => {
      for (const client of clients) client.disconnect();
      await redis?.stop();
    });

    it("that two gateways share", async () => {
      await fc.assert(
        fc.asyncProperty(runs, async (run) => {
          let clockMs = 0;
          const stores = clients.map(
            (client, index) =>
              new RedisBudgetStore({
                client,
                place: "Redis of the test",
                timeoutMs: 5_000,
                // the clock of the second one is wrong
                nowMs: () => clockMs - index * 200_000,
                storeNowMs: () => clockMs,
              }),
          );
          await compare(run, stores, (ms) => {
            clockMs = ms;
          });
        }),
        { seed, numRuns: 60 * factor },
      );
    });
  });
});

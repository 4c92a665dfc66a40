import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { Redis } from "ioredis";
import { EmbeddedBudgetStore } from "../../src/budgets/stores/embedded.ts";
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
        const setClock = (ms: number) => {
          nowMs = ms;
        };
        await compare(run, { stores: [store], setClock });
      }),
      { seed, numRuns: 300 * factor },
    );
  });

  describe("in memory and on disk", () => {
    let root: string;

    before(() => {
      root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tollgate-interleavings-"));
    });

    after(() => {
      rmSync(root, { recursive: true, force: true });
    });

    it("L39: through kill -9 and restart at any moment", async () => {
      await fc.assert(
        fc.asyncProperty(runs, fc.constantFrom(1, 3_000, 1_000_000), async (run, segmentBytes) => {
          let nowMs = 0;
          let directory = join(root, randomUUID());
          const opened: EmbeddedBudgetStore[] = [];
          const troubles: string[] = [];
          const open = async () => {
            const onTrouble = (message: string) => troubles.push(message);
            const store = await EmbeddedBudgetStore.open({ directory, nowMs: () => nowMs, segmentBytes, onTrouble });
            opened.push(store);
            return [store];
          };
          const restart = () => {
            const left = directory;
            directory = join(root, randomUUID());
            // as it is now: the old store may be in the middle of a new segment
            cpSync(left, directory, { recursive: true });
            return open();
          };
          const setClock = (ms: number) => {
            nowMs = ms;
          };
          await compare(run, { stores: await open(), setClock, restart });
          for (const store of opened) await store.close();
          expect(troubles).to.deep.equal([]);
          for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true });
        }),
        { seed, numRuns: 150 * factor },
      );
    });
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
          const setClock = (ms: number) => {
            clockMs = ms;
          };
          await compare(run, { stores, setClock });
        }),
        { seed, numRuns: 60 * factor },
      );
    });
  });
});

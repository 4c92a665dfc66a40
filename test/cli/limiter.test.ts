import { expect } from "chai";
import { Redis } from "ioredis";
import { loadConfiguration } from "../../src/cli/configuration.ts";
import { makeLimiter } from "../../src/cli/limiter.ts";
import { windowAt } from "../../src/lib/windows.ts";
import { makeLogger } from "../../src/observe/logger.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { encodeAccount } from "../../src/ratelimit/account.ts";
import { counterKey } from "../../src/ratelimit/keys.ts";
import { RedisCounterStore } from "../../src/ratelimit/stores/redis.ts";
import { makeRule } from "../ratelimit/support.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";

describe("makeLimiter", () => {
  let redis: TestRedis;

  before(async () => {
    redis = await startRedis();
  });
  after(() => redis?.stop());

  it("L18: charges that the store could not take are there some time later, although nobody calls", async () => {
    const { config } = loadConfiguration([], {});
    const said: string[] = [];
    const limiter = makeLimiter(() => config, redis.url, {
      logger: makeLogger("silent"),
      metrics: new Metrics(),
      changed: (message) => said.push(message),
      domains: [],
    });
    const reader = new RedisCounterStore({ url: redis.url, timeoutMs: 5_000, onState: () => undefined });
    await reader.ready(5_000);
    const client = new Redis(redis.url);
    const rule = makeRule({ unit: "Year" });
    const account = encodeAccount(["ada"]);
    const key = counterKey(rule.id, account, "Year", "UTC", windowAt("Year", "UTC", Date.now()).startMs);
    const operations = [{ key, add: 0, refuseAbove: undefined, expiresAtMs: Date.now() + 60_000 }];
    try {
      // it takes no writes for a while, and its connections stay
      await client.config("SET", "min-replicas-to-write", "1");
      await limiter.apply([{ rule, account, add: 5, charge: true }]);
      await limiter.apply([{ rule, account, add: 6, charge: true }]);
      await client.config("SET", "min-replicas-to-write", "0");
      await until("the charges to be there", async () => (await reader.apply({ id: "", operations }))[0]?.value === 11);
      expect(said).to.deep.equal([]);
    } finally {
      await limiter.close();
      await reader.close();
      client.disconnect();
    }
  });
});

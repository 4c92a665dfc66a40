import { expect } from "chai";
import { windowAt } from "../../src/lib/windows.ts";
import { encodeAccount } from "../../src/ratelimit/account.ts";
import type { CounterStore } from "../../src/ratelimit/counter-store.ts";
import { counterKey } from "../../src/ratelimit/keys.ts";
import { RedisCounterStore } from "../../src/ratelimit/stores/redis.ts";
import { RedisClusterCounterStore } from "../../src/ratelimit/stores/redis-cluster.ts";
import type { TestRedis } from "../support/redis.ts";
import { startRedisCluster } from "../support/redis-cluster.ts";
import { startRedisSentinel } from "../support/redis-sentinel.ts";
import { until } from "../support/wait.ts";
import { makeLimiter, makeRule } from "./support.ts";

const account = encodeAccount(["ada"]);
// a window that does not end during the test
const rule = makeRule({ limit: 1_000_000, unit: "Year" });

function keyOf(id: string): string {
  return counterKey(id, account, rule.unit, "UTC", windowAt(rule.unit, "UTC", Date.now()).startMs);
}

type Connected = CounterStore & { ready(limitMs: number): Promise<void> };

interface Servers {
  connect(timeoutMs: number): Connected;
  replicated(): Promise<void>;
  masterOf(key: string): TestRedis;
  promoted(key: string): Promise<void>;
  stop(): Promise<void>;
}

async function startCluster(): Promise<Servers> {
  const cluster = await startRedisCluster();
  return {
    connect: (timeoutMs) => new RedisClusterCounterStore({ url: cluster.url, timeoutMs, onState: () => undefined }),
    replicated: () => cluster.replicated(),
    masterOf: (key) => cluster.masterOf(key),
    promoted: (key) => cluster.promoted(key, cluster.masterOf(key)),
    stop: () => cluster.stop(),
  };
}

async function startSentinel(): Promise<Servers> {
  const servers = await startRedisSentinel("secret", "another");
  return {
    connect: (timeoutMs) => new RedisCounterStore({ url: servers.url, timeoutMs, onState: () => undefined }),
    replicated: () => servers.replicated(),
    masterOf: () => servers.master,
    promoted: () => servers.promoted(),
    stop: () => servers.stop(),
  };
}

type Ending = (master: TestRedis) => Promise<void>;
const killed: Ending = (master) => master.kill();
const hanging: Ending = (master) => Promise.resolve(master.pause());

for (const [name, start, end] of [
  ["Redis Cluster whose master is killed", startCluster, killed],
  ["Redis Cluster whose master hangs", startCluster, hanging],
  ["Sentinel whose master is killed", startSentinel, killed],
  ["Sentinel whose master hangs", startSentinel, hanging],
] as const) {
  describe(`Limiter on ${name}`, function () {
    this.timeout(60_000);

    it("L18, L19: each failure mode applies until a replica is promoted, which ends with exactly what was charged", async () => {
      const servers = await start();
      const store = servers.connect(100);
      try {
        await store.ready(10_000);
        const modes = (["local", "allow", "deny"] as const).map((failureMode) => {
          const { limiter, journal } = makeLimiter(store, { nowMs: Date.now });
          // one counter for all that is looked at, so that it is on the master that is killed
          const own = { ...rule, limit: 60, id: "default/failover", failureMode };
          return { failureMode, limiter, journal, own };
        });
        const key = keyOf("default/failover");
        const charges = (add: number) =>
          Promise.all(modes.map(({ limiter, own }) => limiter.apply([{ rule: own, account, add, charge: true }])));
        await charges(10);
        await servers.replicated();
        await end(servers.masterOf(key));
        await charges(10);
        for (const { failureMode, limiter, journal, own } of modes) {
          expect(journal.size, failureMode).to.equal(1);
          const [check] = await limiter.apply([{ rule: own, account, add: 0, charge: false }]);
          expect(check?.refused, failureMode).to.equal(failureMode === "deny");
        }
        await servers.promoted(key);
        await until("the journals to be empty", async () => {
          for (const { limiter } of modes) await limiter.recover();
          return modes.every(({ journal }) => journal.size === 0);
        });
        const results = await charges(1);
        expect(Math.max(...results.map(([verdict]) => verdict?.used ?? 0))).to.equal(63);
        for (const { failureMode, limiter, own } of modes) {
          const [check] = await limiter.apply([{ rule: own, account, add: 0, charge: false }]);
          expect(check, failureMode).to.include({ refused: true, storeAway: false, used: 63 });
        }
      } finally {
        await store.close();
        await servers.stop();
      }
    });
  });
}

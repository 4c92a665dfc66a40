import { expect } from "chai";
import { RedisCounterStore } from "../../../src/ratelimit/stores/redis.ts";
import { startRedisSentinel, type TestRedisSentinel } from "../../support/redis-sentinel.ts";
import { until } from "../../support/wait.ts";
import { counterStoreContract } from "./counter-store.contract.ts";

const password = "must-not-be-shown";
const sentinelPassword = "nor-may-this";

describe("RedisCounterStore on the master that a real Sentinel names", function () {
  this.timeout(60_000);
  let servers: TestRedisSentinel;
  let store: RedisCounterStore;
  const states: string[] = [];

  before(async () => {
    servers = await startRedisSentinel(password, sentinelPassword);
    const onState = (state: string, reason: string): void => void states.push(`${state} ${reason}`);
    store = new RedisCounterStore({ url: servers.url, timeoutMs: 5_000, onState });
    await store.ready(10_000);
  });
  after(async () => {
    await store?.close();
    await servers?.stop();
  });

  counterStoreContract("RedisCounterStore through a Sentinel", () => ({
    store,
    nowMs: Date.now,
    // the store's clock is Redis's own
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }));

  it("L18: the master's death is told, and the promoted replica goes on with what it had", async () => {
    const operations = (add: number) => [
      { key: "goes on", add, refuseAbove: undefined, expiresAtMs: Date.now() + 600_000 },
    ];
    await store.apply({ id: "before", operations: operations(41) });
    await servers.replicated();
    await servers.master.kill();
    await until("the loss to be told", () => states.at(-1)?.startsWith("lost"));
    await servers.promoted();
    await until("the return to be told", () => states.at(-1)?.startsWith("connected"));
    expect((await store.apply({ id: "after", operations: operations(1) }))[0]?.value).to.equal(42);
    const told = states.join("\n");
    expect(told).to.match(/Redis at redis\+sentinel:\/\/127\.0\.0\.1:\d+\/counters/);
    for (const secret of [password, sentinelPassword]) expect(told).to.not.contain(secret);
  });
});

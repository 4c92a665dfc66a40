import { expect } from "chai";
import { StoreUnavailable } from "../../../src/ratelimit/counter-store.ts";
import { makeStore } from "../../../src/ratelimit/stores/index.ts";
import { MemoryCounterStore } from "../../../src/ratelimit/stores/memory.ts";
import { RedisCounterStore } from "../../../src/ratelimit/stores/redis.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { counterStoreContract } from "./counter-store.contract.ts";

describe("RedisCounterStore on a real Redis", () => {
  let redis: TestRedis;
  let store: RedisCounterStore;

  async function connect(url: string, timeoutMs: number, states: string[] = []): Promise<RedisCounterStore> {
    const made = new RedisCounterStore({ url, timeoutMs, onState: (state, place) => states.push(`${state} ${place}`) });
    await made.ready(5_000);
    return made;
  }

  before(async () => {
    redis = await startRedis();
    store = await connect(redis.url, 5_000);
  });

  after(async () => {
    await store?.close();
    await redis?.stop();
  });

  counterStoreContract("RedisCounterStore", () => ({
    store,
    nowMs: Date.now,
    // the store's clock is Redis's own
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }));

  function charge(id: string, key: string, add: number) {
    return { id, operations: [{ key, add, refuseAbove: undefined, expiresAtMs: Date.now() + 60_000 }] };
  }

  it("L18: a call that Redis does not answer in time is StoreUnavailable", async () => {
    const impatient = await connect(redis.url, 20);
    redis.pause();
    try {
      const error = await impatient.apply(charge("stalled", "stalled", 1)).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(StoreUnavailable);
    } finally {
      redis.resume();
      await impatient.close();
    }
  });

  it("L19: a call that timed out but had reached Redis counts once when it is repeated", async () => {
    const impatient = await connect(redis.url, 20);
    const call = charge("timed out", "counts once", 5);
    redis.pause();
    await impatient.apply(call).catch(() => undefined);
    redis.resume();
    // the first one was sent: it is executed before the repetition
    expect(await store.apply(charge("sees it", "other", 0))).to.have.length(1);
    await store.apply(call);
    await store.apply(call);
    expect((await store.apply(charge("read", "counts once", 0)))[0]?.value).to.equal(5);
    await impatient.close();
  });

  it("tells once that the connection was lost and found again, and says nothing when it is closed on purpose", async () => {
    const states: string[] = [];
    const watched = await connect(redis.url, 1_000, states);
    await redis.kill();
    await watched.apply(charge("away", "away", 1)).catch(() => undefined);
    await redis.restart();
    await watched.ready(10_000);
    await store.ready(10_000);
    await watched.close();
    const place = `Redis at 127.0.0.1:${redis.port}`;
    expect(states.map((state) => state.split(":").slice(0, 2).join(":"))).to.deep.equal([
      `connected ${place}`,
      `lost ${place}`,
      `connected ${place}`,
    ]);
  });

  it("L18: what was acknowledged before a crash is there after it", async () => {
    await store.apply(charge("before", "durable", 41));
    await redis.restart();
    await store.ready(10_000);
    expect((await store.apply(charge("after", "durable", 1)))[0]?.value).to.equal(42);
  });
});

describe("makeStore", () => {
  const options = { timeoutMs: 50, nowMs: Date.now, onState: () => undefined };

  it("makes a memory store", () => {
    expect(makeStore("memory://", options)).to.be.instanceOf(MemoryCounterStore);
  });

  it("names the schemes there are and never the URL, which may hold a password", () => {
    expect(() => makeStore("postgres://user:hunter2@host", options))
      .to.throw(/memory:\/\/.*redis:\/\/.*redis\+cluster:\/\/.*redis\+sentinel:\/\/.*rediss/)
      .and.not.match(/hunter2/);
  });
});

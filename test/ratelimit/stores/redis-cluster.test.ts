import { expect } from "chai";
import { type CounterOperation, StoreUnavailable } from "../../../src/ratelimit/counter-store.ts";
import { RedisClusterCounterStore } from "../../../src/ratelimit/stores/redis-cluster.ts";
import { startRedisCluster, type TestRedisCluster } from "../../support/redis-cluster.ts";
import { until } from "../../support/wait.ts";
import { counterStoreContract } from "./counter-store.contract.ts";

const password = "must-not-be-shown";

describe("RedisClusterCounterStore on a real Redis Cluster of three masters", function () {
  this.timeout(60_000);
  let cluster: TestRedisCluster;
  let store: RedisClusterCounterStore;
  const states: string[] = [];
  let ids = 0;

  async function connect(timeoutMs: number, told: string[] = []): Promise<RedisClusterCounterStore> {
    const onState = (state: string, reason: string): void => void told.push(`${state} ${reason}`);
    const made = new RedisClusterCounterStore({ url: cluster.url, timeoutMs, onState });
    await made.ready(10_000);
    return made;
  }

  before(async () => {
    cluster = await startRedisCluster(password);
    store = await connect(5_000, states);
  });
  after(async () => {
    await store?.close();
    await cluster?.stop();
    expect(states.join("\n")).to.not.contain(password);
  });

  counterStoreContract("RedisClusterCounterStore", () => ({
    store,
    nowMs: Date.now,
    // the store's clock is Redis's own
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }));

  function operation(key: string, add: number, refuseAbove?: number): CounterOperation {
    return { key, add, refuseAbove, expiresAtMs: Date.now() + 600_000 };
  }

  function apply(by: RedisClusterCounterStore, ...operations: CounterOperation[]) {
    return by.apply({ id: `cluster ${++ids}`, operations });
  }

  async function read(...keys: readonly string[]): Promise<readonly number[]> {
    return (await apply(store, ...keys.map((key) => operation(key, 0)))).map(({ value }) => value);
  }

  async function failureOf(answer: Promise<unknown>): Promise<unknown> {
    return await answer.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** A key on each of the masters. */
  function spread(): readonly [string, string, string] {
    const found: string[] = [];
    while (Object.keys(found).length < 3) {
      const key = `{spread ${++ids}}:hour`;
      found[cluster.masterNumber(key)] ??= key;
    }
    const [first = "", second = "", third = ""] = found;
    return [first, second, third];
  }

  it("L15: what one slot refuses is taken back in the others, additions below 0 included", async () => {
    const [first, second, third] = spread();
    await apply(store, operation(first, 3), operation(second, 10), operation(third, 50));
    const call = [operation(first, -20), operation(second, 5, 100), operation(third, 1, 50)];
    const refused = await apply(store, ...call);
    expect(refused.map(({ overLimit }) => overLimit)).to.deep.equal([false, false, true]);
    expect(refused.map(({ value }) => value)).to.deep.equal([3, 10, 50]);
    expect(await read(first, second, third)).to.deep.equal([3, 10, 50]);
  });

  it("L15, L19: concurrent calls over all masters count exactly what was let through, however many are refused", async () => {
    const [first, second, third] = spread();
    const results = await Promise.all(
      Array.from({ length: 150 }, () =>
        apply(store, operation(first, 2, 10_000), operation(second, 3, 90), operation(third, 1)),
      ),
    );
    const passed = results.filter((all) => all.every(({ overLimit }) => !overLimit)).length;
    expect(passed).to.equal(30);
    expect(await read(first, second, third)).to.deep.equal([60, 90, 30]);
  });

  it("L19: a charge repeated after one of its masters did not answer counts once on every master", async () => {
    const [first, second, third] = spread();
    const impatient = await connect(30);
    const call = {
      id: `cluster ${++ids}`,
      operations: [operation(first, 1), operation(second, 2), operation(third, 3)],
    };
    const hanging = cluster.masterOf(second);
    hanging.pause();
    try {
      expect(await failureOf(impatient.apply(call))).to.be.instanceOf(StoreUnavailable);
    } finally {
      hanging.resume();
    }
    await store.apply(call);
    await store.apply(call);
    expect(await read(first, second, third)).to.deep.equal([1, 2, 3]);
    await impatient.close();
  });

  it("L15: a check that one master did not answer is taken back on all of them when it answers again", async () => {
    const [first, second] = spread();
    const impatient = await connect(30);
    const hanging = cluster.masterOf(second);
    hanging.pause();
    try {
      const failure = await failureOf(apply(impatient, operation(first, 7, 100), operation(second, 7, 100)));
      expect(failure).to.be.instanceOf(StoreUnavailable);
      expect(String(failure)).to.not.contain(password);
    } finally {
      hanging.resume();
    }
    await until("the additions to be taken back", async () =>
      (await read(first, second)).every((value) => value === 0),
    );
    await impatient.close();
  });

  it("follows a slot that is given to another master", async () => {
    const [first, second] = spread();
    await apply(store, operation(first, 4), operation(second, 4));
    await cluster.moveSlot(first);
    const results = await apply(store, operation(first, 5, 100), operation(second, 5, 100));
    expect(results.map(({ value }) => value)).to.deep.equal([9, 9]);
  });

  it("L18: a master's death is told and fails its calls only; its promoted replica goes on with what it had", async () => {
    const [first, second] = spread();
    const told: string[] = [];
    const impatient = await connect(200, told);
    await apply(store, operation(first, 11), operation(second, 12));
    await cluster.replicated();
    const lost = cluster.masterOf(second);
    await lost.kill();
    expect(await failureOf(apply(impatient, operation(second, 1)))).to.be.instanceOf(StoreUnavailable);
    expect(await failureOf(apply(impatient))).to.be.instanceOf(StoreUnavailable);
    const place = /^lost Redis Cluster at redis\+cluster:\/\/127\.0\.0\.1:\d+,127\.0\.0\.1:\d+ /;
    await until("the loss to be told", () => place.test(told.at(-1) ?? ""));
    await cluster.promoted(second, lost);
    await until("the store to tell that it is back", () => told.at(-1)?.startsWith("connected"));
    await store.ready(10_000);
    expect(await read(first, second)).to.deep.equal([11, 12]);
    await impatient.close();
    expect(told.join("\n")).to.not.contain(password);
  });
});

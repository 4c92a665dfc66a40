import { expect } from "chai";
import { windowAt } from "../../src/lib/windows.ts";
import { encodeAccount } from "../../src/ratelimit/account.ts";
import { counterKey } from "../../src/ratelimit/keys.ts";
import { RedisCounterStore } from "../../src/ratelimit/stores/redis.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { makeLimiter, makeRule } from "./support.ts";

const account = encodeAccount(["ada"]);

describe("Limiter on a real Redis that is killed and started again", () => {
  let redis: TestRedis;
  let store: RedisCounterStore;
  // a window that does not end during the test
  const rule = makeRule({ limit: 1_000_000, unit: "Year" });

  before(async () => {
    redis = await startRedis();
    store = new RedisCounterStore({ url: redis.url, timeoutMs: 50, onState: () => undefined });
    await store.ready(5_000);
  });

  after(async () => {
    await store?.close();
    await redis?.stop();
  });

  /** What another client of the same Redis reads. */
  async function valueInRedis(id: string): Promise<number | undefined> {
    const reader = new RedisCounterStore({ url: redis.url, timeoutMs: 5_000, onState: () => undefined });
    await reader.ready(5_000);
    const key = counterKey(id, account, rule.unit, "UTC", windowAt(rule.unit, "UTC", Date.now()).startMs);
    const operations = [{ key, add: 0, refuseAbove: undefined, expiresAtMs: Date.now() + 60_000 }];
    const results = await reader.apply({ id: "read", operations });
    await reader.close();
    return results[0]?.value;
  }

  for (const failureMode of ["local", "allow", "deny"] as const) {
    it(`L18, L19: the counter ends with exactly what was charged (${failureMode})`, async () => {
      const { limiter, journal } = makeLimiter(store, { nowMs: Date.now });
      const own = { ...rule, id: `default/outage/${failureMode}`, failureMode };
      let charged = 0;
      const charge = async (add: number): Promise<void> => {
        charged += add;
        await limiter.apply([{ rule: own, account, add, charge: true }]);
      };
      const many = (): Promise<unknown> => Promise.all(Array.from({ length: 40 }, (_, index) => charge(index + 1)));

      await many();
      const duringTheCrash = many();
      await redis.kill();
      await duringTheCrash;
      await many();
      const [check] = await limiter.apply([{ rule: own, account, add: 0, charge: false }]);
      expect(check?.refused).to.equal(failureMode === "deny");
      expect(check?.storeAway).to.equal(failureMode === "deny");
      if (failureMode === "local") expect(check?.used).to.equal(charged);
      expect(journal.size).to.be.at.least(40);

      await redis.restart();
      await store.ready(10_000);
      await many();
      while (journal.size > 0) await limiter.recover();
      expect(await valueInRedis(own.id)).to.equal(charged);
    });
  }

  it("L19: calls that time out in a stalled Redis count once when it goes on", async () => {
    const { limiter, journal } = makeLimiter(store, { nowMs: Date.now });
    const own = { ...rule, id: "default/outage/stall" };
    const charge = (add: number) => limiter.apply([{ rule: own, account, add, charge: true }]);
    await charge(1);
    redis.pause();
    try {
      await Promise.all([charge(10), charge(100), charge(1_000)]);
      expect(journal.size).to.equal(3);
    } finally {
      redis.resume();
    }
    while (journal.size > 0) await limiter.recover();
    expect(await valueInRedis(own.id)).to.equal(1_111);
  });
});

import { expect } from "chai";
import { Redis } from "ioredis";
import type { CounterOperation } from "../../../src/ratelimit/counter-store.ts";
import { runApply, runTakeBack, type ScriptCommands, scripts } from "../../../src/ratelimit/stores/script-call.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";

describe("the scripts of the Redis stores", () => {
  let redis: TestRedis;
  let client: Redis & ScriptCommands;

  before(async () => {
    redis = await startRedis();
    client = new Redis(redis.url, { scripts }) as Redis & ScriptCommands;
  });
  after(async () => {
    client?.disconnect();
    await redis?.stop();
  });
  beforeEach(() => client.flushall());

  const adding = (key: string, add: number, lifeMs = 60_000): CounterOperation => ({
    key,
    add,
    refuseAbove: 1_000,
    expiresAtMs: Date.now() + lifeMs,
  });

  it("L15: a take-back removes what its call added, once, and keeps when the counters expire", async () => {
    const operations = [adding("a", 5), adding("b", 7), adding("a", 1)];
    await runApply(client, "others", [adding("a", 100)], 1);
    await runApply(client, "call", operations, 1);
    const expires = await client.pexpiretime("a");
    const taken = await runTakeBack(client, "call", operations, 1);
    expect(taken.map(({ value }) => value)).to.deep.equal([100, 0, 100]);
    await runTakeBack(client, "call", operations, 1);
    expect(await client.mget("a", "b")).to.deep.equal(["100", "0"]);
    expect(await client.pexpiretime("a")).to.equal(expires);
    expect(await client.exists("call")).to.equal(0);
  });

  it("L15: a take-back gives back what was really taken, where a counter stopped at 0", async () => {
    await runApply(client, "others", [adding("a", 3)], 1);
    const operations = [adding("a", -10)];
    await runApply(client, "call", operations, 1);
    expect(await client.get("a")).to.equal("0");
    await runTakeBack(client, "call", operations, 1);
    expect(await client.get("a")).to.equal("3");
  });

  it("L15: a take-back of a call that is not there changes nothing", async () => {
    await runApply(client, "others", [adding("a", 3)], 1);
    expect(await runTakeBack(client, "call", [adding("a", 2)], 1)).to.deep.equal([{ value: 3, overLimit: false }]);
    expect(await client.get("a")).to.equal("3");
  });

  it("L19: a take-back that comes late takes nothing from a later attempt, in whatever order the attempts came", async () => {
    const operations = [adding("a", 5)];
    for (const [name, attempts] of [
      ["in order", [1, 2]],
      ["the first one last", [2, 1]],
    ] as const) {
      for (const attempt of attempts) await runApply(client, name, operations, attempt);
      await runTakeBack(client, name, operations, 1);
      expect(await client.get("a"), name).to.equal("5");
      await runTakeBack(client, name, operations, 2);
      expect(await client.get("a"), name).to.equal("0");
    }
  });

  it("L15: a counter whose time is over is not brought back", async () => {
    const operations = [adding("a", 5)];
    await runApply(client, "call", operations, 1);
    await client.del("a");
    expect(await runTakeBack(client, "call", operations, 1)).to.deep.equal([{ value: 0, overLimit: false }]);
    expect(await client.exists("a")).to.equal(0);
  });
});

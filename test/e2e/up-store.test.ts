import { expect } from "chai";
import { Redis } from "ioredis";
import { type Answer, chat } from "../support/client.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { smallResources, smallResourcesWith, startUp, type Up } from "../support/up.ts";
import { until } from "../support/wait.ts";

/** Nothing listens there: the port is reserved, and a client's connection is refused at once. */
const nowhere = "redis://user:must-not-be-shown@127.0.0.1:1";

/** What Redis holds for a user. */
async function countersOf(url: string, user: string): Promise<readonly (string | null)[]> {
  const client = new Redis(url);
  try {
    const keys = await client.keys(`tollgate:limit:*:${user}*`);
    return keys.length === 0 ? [] : await client.mget(keys);
  } finally {
    client.disconnect();
  }
}

describe("tollgate up with Redis", function () {
  this.timeout(120_000);
  const open: Up[] = [];
  let redis: TestRedis | undefined;

  afterEach(async () => {
    await Promise.all(open.splice(0).map((up) => up.close()));
    await redis?.stop();
    redis = undefined;
  });

  async function start(yaml: string, storeUrl: string): Promise<Up> {
    const up = await startUp({ yaml, args: ["--store", storeUrl] });
    open.push(up);
    return await up.untilUp();
  }

  /** A request that uses 100 of the user's 1,000 tokens. */
  function call(up: Up, user: string): Promise<Answer> {
    return chat(up.url, "gpt-4o", { headers: { "x-user-id": user, "x-mock-usage": "60,40" } });
  }

  async function statuses(up: Up, user: string, calls: number): Promise<readonly number[]> {
    const all: number[] = [];
    for (let i = 0; i < calls; i++) all.push((await call(up, user)).status);
    return all;
  }

  async function ready(up: Up): Promise<string> {
    const response = await fetch(`${up.adminUrl}/ready`);
    return `${response.status} ${await response.text()}`;
  }

  const elevenAnswersAndARefusal = [...Array<number>(11).fill(200), 429];

  it("starts without it, warns, and counts in its own memory (failure mode local)", async () => {
    const up = await start(smallResources, nowhere);
    await up.untilSaid(
      /^warning: the rate-limit store is away \(Redis at 127\.0\.0\.1:1: ECONNREFUSED\)\n {2}limits count in this process until it is back/m,
    );
    expect(await statuses(up, "ada", 12)).to.deep.equal(elevenAnswersAndARefusal);
    expect(await ready(up)).to.equal("200 OK\n");
    expect(up.stdout).to.contain("counted in redis://127.0.0.1:1\n");
    expect(up.stdout + up.stderr).not.to.contain("must-not-be-shown");
  });

  it("lets everything pass without it where a policy says allow", async () => {
    const up = await start(smallResourcesWith("allow"), nowhere);
    await up.untilSaid(/limits let everything pass until it is back/);
    expect(await statuses(up, "ada", 13)).to.deep.equal(Array<number>(13).fill(200));
    expect(await ready(up)).to.equal("200 OK\n");
  });

  it("refuses and is not ready without it where a policy says deny, until it is there", async () => {
    redis = await startRedis();
    await redis.kill();
    const up = await start(smallResourcesWith("deny"), redis.url);
    await up.untilSaid(/limits refuse requests until it is back/);
    const refused = await call(up, "ada");
    expect(refused.status).to.equal(429);
    expect(refused.json().error.message).to.contain("budget rule 1: the store of this limit cannot be reached");
    expect(await ready(up)).to.match(
      /^503 the rate-limit store is away \(Redis at 127\.0\.0\.1:\d+ .*\), and limits that say deny then refuse requests: budget rule 1\n$/,
    );
    await redis.restart();
    await up.untilSaid(/^the rate-limit store is connected/m);
    expect(await ready(up)).to.equal("200 OK\n");
    expect((await call(up, "ada")).status).to.equal(200);
    redis.pause();
    expect(await ready(up), "it holds its connections and answers nothing").to.match(/^503 /);
    redis.resume();
  });

  it("counts on while it is away, and adds what was counted when it is back (L18)", async () => {
    redis = await startRedis();
    const up = await start(smallResources, redis.url);
    expect(await statuses(up, "ada", 4)).to.deep.equal([200, 200, 200, 200]);
    await redis.kill();
    await up.untilSaid(/^warning: the rate-limit store is away/m);
    expect(await statuses(up, "ada", 4), "the counter's last value is known").to.deep.equal([200, 200, 200, 200]);
    await redis.restart();
    await up.untilSaid(/^the rate-limit store is connected .*; what was counted meanwhile is added to it$/m);
    const { url } = redis;
    await until("Redis to hold all eight calls", async () => (await countersOf(url, "ada")).join() === "800");
    // another gateway knows of them from Redis only
    const other = await start(smallResources, url);
    expect(await statuses(other, "ada", 4)).to.deep.equal([200, 200, 200, 429]);
    expect((await call(up, "ada")).status).to.equal(429);
  });

  it("refuses while it is away what its last answer left no room for", async () => {
    redis = await startRedis();
    const up = await start(smallResources, redis.url);
    await statuses(up, "ada", 8);
    await redis.kill();
    await up.untilSaid(/^warning: the rate-limit store is away/m);
    expect(await statuses(up, "ada", 4)).to.deep.equal([200, 200, 200, 429]);
  });
});

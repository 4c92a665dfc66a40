import { expect } from "chai";
import { Redis } from "ioredis";
import { budgetYaml, settled } from "../support/budget.ts";
import { chat } from "../support/client.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";
import { startWorld, type World } from "../support/world.ts";

const requests = 40;
const end = "the end";

/** A store that is late would be asked again. */
const patient = `
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: default, namespace: ai-services}
spec: {store: {timeoutMs: 5000}}
`;

/** What a request with one Hard budget asks of Redis, through the whole gateway. */
describe("a request with a Hard budget without tiers, on Redis", function () {
  this.timeout(90_000);
  let redis: TestRedis;
  let client: Redis;
  let world: World;

  before(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    world = await startWorld({
      yaml: [budgetYaml("day", { amount: 100 }), patient].join("---\n"),
      storeUrl: redis.url,
    });
  });
  after(async () => {
    await world?.close();
    client?.disconnect();
    await redis?.stop();
  });

  interface Seen {
    /** Scripts that touch the keys of budgets. */
    readonly budget: number;
    readonly ledger: number;
  }

  /** Scripts that were run while `work` was, by what their first key is. */
  async function scriptsDuring(work: () => Promise<void>): Promise<Seen> {
    const monitor = await client.monitor();
    const keys: string[] = [];
    let over = false;
    monitor.on("monitor", (_time: string, [command = "", sha, , key = "", argument = ""]: string[], source: string) => {
      if (source !== "lua" && /^eval(sha)?$/i.test(command)) keys.push(`${key} ${argument}`);
      if (command === "get" && sha === end) over = true;
    });
    try {
      await work();
      // the monitor tells everything that was done before this
      await client.get(end);
      await until("the monitor", () => over);
    } finally {
      monitor.disconnect();
    }
    const ledger = keys.filter((key) => key.startsWith("tollgate:{budgets}:ledger")).length;
    // open holds are metered, and those of others expired, once a second for all requests together
    const periodic = keys.filter((key) => /"(ttl|max)":/.test(key) && !/"lines":/.test(key)).length;
    return { budget: keys.length - ledger - periodic, ledger };
  }

  it("takes two round trips, reserve and settle, and one for its receipt that nobody waits for (L31, L32)", async () => {
    const ask = async (): Promise<void> => {
      const { status, text } = await chat(world.url, "gpt-4o", {
        headers: { "x-user-id": "alice", "x-mock-usage": "10,10" },
        body: { max_completion_tokens: 20 },
      });
      expect(status, text).to.equal(200);
    };
    await ask(); // loads the scripts
    await settled(world, "day", "alice");
    const entries = (): Promise<number> => client.xlen("tollgate:{budgets}:ledger");
    const before = await until("the first receipt", async () => (await entries()) || undefined);
    const seen = await scriptsDuring(async () => {
      for (let index = 0; index < requests; index++) await ask();
      await until("every receipt", async () => (await entries()) === before + requests);
    });
    expect(seen.budget).to.equal(2 * requests);
    expect(seen.ledger).to.equal(requests);
  });
});

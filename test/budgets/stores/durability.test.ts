import { expect } from "chai";
import { durabilityAdvice } from "../../../src/budgets/stores/durability.ts";
import { type ConnectedBudgetStore, makeBudgetStore } from "../../../src/budgets/stores/index.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { startRedisCluster } from "../../support/redis-cluster.ts";
import { until } from "../../support/wait.ts";

async function connect(url: string): Promise<ConnectedBudgetStore> {
  let found = false;
  const store = makeBudgetStore(url, {
    timeoutMs: 5_000,
    nowMs: Date.now,
    onState: (state) => {
      found = state === "connected";
    },
  });
  await until("a connection", () => found);
  return store;
}

async function durabilityOf(url: string) {
  const store = await connect(url);
  try {
    return await store.durability();
  } finally {
    store.close();
  }
}

describe("durability of a budget store", () => {
  const appendOnly = ["--appendonly", "yes", "--save", ""];
  const cases = [
    { name: "writes through", args: [...appendOnly, "--appendfsync", "always"], found: { kind: "durable" } },
    {
      name: "writes every second",
      args: [...appendOnly, "--appendfsync", "everysec"],
      found: { kind: "lossy", appendonly: "yes", appendfsync: "everysec" },
    },
    {
      name: "keeps snapshots only",
      args: ["--appendonly", "no", "--appendfsync", "always"],
      found: { kind: "lossy", appendonly: "no", appendfsync: "always" },
    },
    {
      name: "forbids to ask",
      args: [...appendOnly, "--appendfsync", "always", "--rename-command", "CONFIG", ""],
      found: { kind: "unknown", reason: "CONFIG GET is not allowed (ERR unknown command)" },
    },
    {
      name: "forbids to ask a user who may do the rest",
      args: [...appendOnly, "--appendfsync", "always"],
      configuration: "user default on nopass ~* +@all -config\n",
      found: { kind: "unknown", reason: "CONFIG GET is not allowed (NOPERM)" },
    },
  ] as const;

  for (const { name, found, ...settings } of cases) {
    it(`L39: tells whether Redis keeps what it acknowledged: one that ${name}`, async () => {
      let redis: TestRedis | undefined;
      try {
        redis = await startRedis(settings);
        expect(await durabilityOf(redis.url)).to.deep.equal(found);
      } finally {
        await redis?.stop();
      }
    });
  }

  it("L39: of a Redis Cluster the worst of its masters counts", async function () {
    this.timeout(60_000);
    const cluster = await startRedisCluster();
    try {
      const lossy = { kind: "lossy", appendonly: "yes", appendfsync: "everysec" };
      expect(await durabilityOf(cluster.url)).to.deep.equal(lossy);
    } finally {
      await cluster.stop();
    }
  });

  it("L39: says what to set, and nothing when there is nothing to do", () => {
    expect(durabilityAdvice({ kind: "durable" }, "Redis at host:1")).to.equal(undefined);
    expect(durabilityAdvice({ kind: "lossy", appendonly: "no", appendfsync: "everysec" }, "Redis at host:1")).to.match(
      /^Redis at host:1 may lose .*appendonly no, appendfsync everysec.*set "appendonly yes" and "appendfsync always"$/,
    );
    expect(durabilityAdvice({ kind: "unknown", reason: "NOPERM" }, "Redis at host:1")).to.match(/unknown \(NOPERM\)/);
  });
});

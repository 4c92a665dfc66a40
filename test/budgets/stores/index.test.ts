import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { type ConnectedBudgetStore, makeBudgetStore } from "../../../src/budgets/stores/index.ts";
import type { TestRedis } from "../../support/redis.ts";
import { startRedisCluster } from "../../support/redis-cluster.ts";
import { startRedisSentinel } from "../../support/redis-sentinel.ts";
import { until } from "../../support/wait.ts";
import { lineOf, makeBudget, makeReserve } from "../support.ts";

const password = "must-not-be-shown";
/** Of the keys that budgets have. */
const key = "tollgate:{budgets}:epoch";

interface Servers {
  readonly url: string;
  readonly master: TestRedis;
  replicated(): Promise<void>;
  promoted(): Promise<void>;
  stop(): Promise<void>;
}

const places: Readonly<Record<string, () => Promise<Servers>>> = {
  "the master that Sentinels name": () => startRedisSentinel(password, password),
  "a Redis Cluster": async () => {
    const cluster = await startRedisCluster(password);
    const master = cluster.masterOf(key);
    return { ...cluster, master, promoted: () => cluster.promoted(key, master) };
  },
};

describe("makeBudgetStore", function () {
  this.timeout(60_000);

  for (const [place, start] of Object.entries(places)) {
    it(`L39: goes on with what a promoted replica has, on ${place}`, async () => {
      const servers = await start();
      const told: string[] = [];
      let connected: ConnectedBudgetStore | undefined;
      try {
        const onState = (state: string, reason: string): void => void told.push(`${state} ${reason}`);
        connected = makeBudgetStore(servers.url, { timeoutMs: 2_000, nowMs: Date.now, onState });
        const { store } = connected;
        await until("a connection", () => told.at(-1)?.startsWith("connected"));
        const budget = makeBudget();
        const call = makeReserve([lineOf(budget, 60n)], { timeToLiveMs: 600_000 });
        expect(await store.reserve(call)).to.have.property("kind", "reserved");
        await servers.replicated();
        await servers.master.kill();
        expect(await store.read([]).then(String, String)).to.match(/^BudgetStoreUnavailable: Redis/);
        await servers.promoted();
        const settle = { id: randomUUID(), sessionId: call.sessionId, amounts: [{ budgetId: budget.id, amount: 7n }] };
        const settled = await until("the replica to be found", () => store.settle(settle).catch(() => undefined));
        expect(settled).to.have.nested.property("lines[0].spent", 7n);
        expect([connected.place, ...told].join("\n")).to.not.contain(password);
      } finally {
        connected?.close();
        await servers.stop();
      }
    });
  }

  it("names the schemes there are and never the URL, which may hold a password", () => {
    const options = { timeoutMs: 50, nowMs: Date.now, onState: () => undefined };
    for (const url of ["memory://", `postgres://user:${password}@host`])
      expect(() => makeBudgetStore(url, options))
        .to.throw(/redis:\/\/.*redis\+cluster:\/\/.*redis\+sentinel:\/\//)
        .and.not.match(/must-not-be-shown/);
  });
});

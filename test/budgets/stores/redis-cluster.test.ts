import { expect } from "chai";
import { Cluster } from "ioredis";
import { RedisBudgetStore } from "../../../src/budgets/stores/redis.ts";
import { parseStoreUrl } from "../../../src/lib/store-url.ts";
import { startRedisCluster, type TestRedisCluster } from "../../support/redis-cluster.ts";
import { until } from "../../support/wait.ts";
import { lineOf, makeBudget, makeReserve } from "../support.ts";
import { budgetStoreContract } from "./budget-store.contract.ts";
import type { BudgetStoreSubject } from "./driver.ts";

describe("RedisBudgetStore on a real Redis Cluster of three masters", function () {
  this.timeout(60_000);
  let cluster: TestRedisCluster;
  let client: Cluster;
  let subject: BudgetStoreSubject;

  before(async () => {
    cluster = await startRedisCluster();
    const url = parseStoreUrl(cluster.url);
    client = new Cluster(url?.kind === "cluster" ? [...url.nodes] : []);
    await until("a connection", () => client.status === "ready");
    const nowMs = () => subject.nowMs;
    const store = new RedisBudgetStore({ client, place: "the cluster", timeoutMs: 5_000, nowMs, storeNowMs: nowMs });
    subject = { store, nowMs: 0 };
  });

  after(async () => {
    client?.disconnect();
    await cluster?.stop();
  });

  budgetStoreContract("RedisBudgetStore", () => subject);

  it("L39: all its keys are on one master", async () => {
    for (let index = 0; index < 20; index++) await subject.store.reserve(makeReserve([lineOf(makeBudget(), 1n)]));
    const keys = await Promise.all(client.nodes("master").map((master) => master.dbsize()));
    expect(keys.filter((count) => count > 0)).to.have.length(1);
  });
});

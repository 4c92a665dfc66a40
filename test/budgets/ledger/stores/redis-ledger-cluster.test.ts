import { expect } from "chai";
import { Cluster } from "ioredis";
import { RedisLedger } from "../../../../src/budgets/ledger/stores/redis-ledger.ts";
import { parseStoreUrl } from "../../../../src/lib/store-url.ts";
import { startRedisCluster, type TestRedisCluster } from "../../../support/redis-cluster.ts";
import { until } from "../../../support/wait.ts";
import { ledgerContract } from "../ledger.contract.ts";
import { ToldEvents } from "../support.ts";

describe("RedisLedger on a real Redis Cluster of three masters", function () {
  this.timeout(60_000);
  let cluster: TestRedisCluster;
  let client: Cluster;
  let ledger: RedisLedger;
  const events = new ToldEvents();

  before(async () => {
    cluster = await startRedisCluster();
    const url = parseStoreUrl(cluster.url);
    client = new Cluster(url?.kind === "cluster" ? [...url.nodes] : []);
    await until("a connection", () => client.status === "ready");
    const bounds = { timeoutMs: 5_000, maxEntries: 10_000, findForMs: 86_400_000 };
    ledger = new RedisLedger({ client, place: "the cluster", events, ...bounds });
  });

  after(async () => {
    client?.disconnect();
    await cluster?.stop();
    expect(events.failures).to.deep.equal([]);
  });

  ledgerContract("RedisLedger", () => ledger);
});

import { expect } from "chai";
import { Redis } from "ioredis";
import { RedisLedger, type RedisLedgerOptions } from "../../../../src/budgets/ledger/stores/redis-ledger.ts";
import { startRedis, type TestRedis } from "../../../support/redis.ts";
import { until } from "../../../support/wait.ts";
import { allOf, ledgerContract, stored } from "../ledger.contract.ts";
import { makeExpired, makeRecord, ToldEvents } from "../support.ts";

const stream = "tollgate:{budgets}:ledger";

describe("RedisLedger on a real Redis", () => {
  let redis: TestRedis;
  let client: Redis;
  let events: ToldEvents;
  let ledger: RedisLedger;

  function open(options: Partial<RedisLedgerOptions> = {}): RedisLedger {
    const bounds = { timeoutMs: 5_000, maxEntries: 10_000, findForMs: 86_400_000 };
    return new RedisLedger({ client, place: "Redis of the test", events, ...bounds, ...options });
  }

  before(async () => {
    redis = await startRedis();
    client = new Redis(redis.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    client.on("error", () => undefined);
    await until("a connection", () => client.status === "ready");
  });

  after(async () => {
    client?.disconnect();
    await redis?.stop();
  });

  beforeEach(async () => {
    await client.flushall();
    events = new ToldEvents();
    ledger = open();
  });

  ledgerContract("RedisLedger", () => ledger);

  it("L39: all its keys share the hash tag of the budgets", async () => {
    ledger.append(makeRecord());
    await ledger.close();
    const keys = await client.keys("*");
    expect(keys).to.have.length(3);
    for (const key of keys) expect(key).to.match(/^tollgate:\{budgets\}:/);
  });

  it("is shared by all gateways", async () => {
    const records = [makeRecord(), makeRecord()];
    const other = open();
    for (const [index, record] of records.entries()) (index === 0 ? ledger : other).append(record);
    for (const { session } of records)
      for (const one of [ledger, other]) expect((await one.find(session))?.session).to.equal(session);
  });

  it("is bounded: about so many entries stay, and what is gone is not found", async () => {
    ledger = open({ maxEntries: 100 });
    const entries = Array.from({ length: 1_000 }, () => makeRecord());
    for (const entry of entries) ledger.append(entry);
    const kept = await allOf(ledger);
    expect(kept.length).to.be.within(100, 300);
    expect(kept).to.deep.equal(entries.slice(-kept.length).map(stored));
    expect(await ledger.find(entries[0]?.session ?? "")).to.equal(undefined);
    expect(await ledger.find(entries.at(-1)?.session ?? "")).not.to.equal(undefined);
  });

  it("gives all entries of many pages, each once", async () => {
    const entries = Array.from({ length: 1_203 }, () => makeExpired());
    for (const entry of entries) ledger.append(entry);
    expect(await allOf(ledger)).to.deep.equal(entries.map(stored));
  });

  it("finds a request for as long as it says", async () => {
    ledger = open({ findForMs: 30 });
    const record = makeRecord();
    ledger.append(record);
    expect((await ledger.find(record.session))?.session).to.equal(record.session);
    await until("it to be forgotten", async () => (await ledger.find(record.session)) === undefined);
    expect(await client.keys("*")).to.deep.equal([stream]);
    expect(open({ findForMs: 7 * 86_400_000 }).kept).to.equal(
      "7 days, and about the last 10,000 requests of all gateways",
    );
  });

  it("passes over what others wrote into its stream, and counts it", async () => {
    const [before, after] = [makeRecord(), makeRecord()];
    ledger.append(before);
    await ledger.close();
    for (const [field, value] of [
      ["entry", "{"],
      ["entry", "{}"],
      ["other", JSON.stringify(makeRecord())],
    ] as const)
      await client.xadd(stream, "*", field, value);
    ledger.append(after);
    expect(await allOf(ledger)).to.deep.equal([before, after].map(stored));
    expect(events.skips).to.equal(3);
  });

  it("never throws: while Redis is away or hangs, entries are counted and the reason is told once", async () => {
    await redis.kill();
    ledger.append(makeRecord());
    ledger.append(makeRecord());
    await until("both to be lost", () => events.drops === 2);
    expect(events.failures).to.have.length(1);
    expect(events.failures[0]).to.match(/^the ledger cannot be written \(Redis of the test failed\)/);
    expect(await ledger.find("x").then(String, String)).to.match(/LedgerUnavailable: Redis of the test failed/);
    await redis.restart();
    await until("a new connection", () => client.status === "ready");
    const kept = makeRecord();
    ledger.append(kept);
    expect((await ledger.find(kept.session))?.session).to.equal(kept.session);

    ledger = open({ timeoutMs: 20 });
    redis.pause();
    ledger.append(makeRecord());
    await ledger.close();
    redis.resume();
    expect(events.drops).to.equal(3);
    expect(events.failures[1]).to.match(/Redis of the test did not answer within 20 ms/);
  });
});

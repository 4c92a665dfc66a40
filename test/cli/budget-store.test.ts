import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { BudgetStoreUnavailable, type BudgetTerms } from "../../src/budgets/budget-store.ts";
import { makeBudgetStore } from "../../src/budgets/stores/index.ts";
import { type BudgetStoreSurroundings, openBudgetStore, type WiredBudgetStore } from "../../src/cli/budget-store.ts";
import type { BudgetRule } from "../../src/core/budget.ts";
import type { LedgerEntry } from "../../src/core/request-record.ts";
import { makeLogger } from "../../src/observe/logger.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { lineOf, makeReserve } from "../budgets/support.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";

const account = "alice";

/** A window that does not end during the test. */
function ruleOf(onStoreFailure: BudgetRule["onStoreFailure"]): BudgetRule {
  return {
    id: `ns/${onStoreFailure}-${randomUUID()}`,
    subject: [],
    match: [],
    limit: 10_000n,
    unit: { kind: "Tokens" },
    window: { kind: "calendar", every: "Year", timeZone: "UTC" },
    enforcement: "Hard",
    estimate: "UpperBound",
    tiers: [],
    onStoreFailure,
    unknownPrice: "Deny",
  };
}

describe("openBudgetStore on a real Redis", function () {
  this.timeout(30_000);
  let redis: TestRedis | undefined;
  let wired: WiredBudgetStore | undefined;
  let told: string[];
  let metrics: Metrics;
  let budgets: readonly [deny: BudgetRule, lease: BudgetRule, allow: BudgetRule];

  beforeEach(() => {
    told = [];
    metrics = new Metrics();
    budgets = [ruleOf("Deny"), ruleOf("Lease"), ruleOf("Allow")];
  });

  afterEach(async () => {
    await wired?.close();
    await redis?.stop();
    wired = undefined;
    redis = undefined;
  });

  async function open(
    settings: Parameters<typeof startRedis>[0] = {},
    more: Partial<BudgetStoreSurroundings> = {},
  ): Promise<{ readonly server: TestRedis; readonly store: WiredBudgetStore }> {
    const server = await startRedis(settings);
    redis = server;
    const store = openBudgetStore(server.url, {
      timeoutMs: 100,
      modeOf: (id) => budgets.find((budget) => budget.id === id)?.onStoreFailure ?? "Deny",
      budgets: () => budgets,
      nowMs: Date.now,
      newId: randomUUID,
      metrics,
      logger: makeLogger("silent"),
      onState: (message) => told.push(message),
      owner: "gateway-1",
      ...more,
    });
    wired = store;
    await until("the store to be found", async () => {
      const asked = store.store.read([{ budget: budgets[0], account }]);
      return (await asked.catch(() => [])).length > 0;
    });
    return { server, store };
  }

  /** What another client of the same Redis reads. */
  async function standingOf(budget: BudgetTerms): Promise<{ spent: bigint; held: bigint; overrun: bigint }> {
    let found = false;
    const other = makeBudgetStore(redis?.url ?? "", {
      timeoutMs: 5_000,
      nowMs: Date.now,
      onState: (state) => {
        found = state === "connected";
      },
    });
    try {
      await until("a connection", () => found);
      const [standing] = await other.store.read([{ budget, account }]);
      const { spent = 0n, held = 0n, overrun = 0n } = standing ?? {};
      return { spent, held, overrun };
    } finally {
      other.close();
    }
  }

  /** Asks until the account stands so: what waited for the store is brought by a timer. */
  async function expectStanding(budget: BudgetTerms, expected: { spent: bigint; held: bigint; overrun: bigint }) {
    const same = (one: object) => String(Object.values(one)) === String(Object.values(expected));
    await until("the account to stand so", async () => same(await standingOf(budget))).catch(async () =>
      expect(await standingOf(budget)).to.deep.equal(expected),
    );
  }

  async function serve({ store }: WiredBudgetStore, budget: BudgetTerms, held: bigint, cost: bigint): Promise<string> {
    const call = makeReserve([lineOf(budget, held)]);
    const { kind } = await store.reserve(call);
    if (kind !== "reserved") throw new Error(`the test's reservation was ${kind}`);
    const amounts = [{ budgetId: budget.id, amount: cost }];
    await store.settle({ id: randomUUID(), sessionId: call.sessionId, amounts });
    return call.sessionId;
  }

  async function denied(answer: Promise<unknown>): Promise<void> {
    expect(await answer.catch((error: unknown) => error)).to.be.instanceOf(BudgetStoreUnavailable);
  }

  for (const failure of ["killed", "stopped"] as const) {
    it(`L39: each mode applies while Redis is ${failure}, and then it has exactly what was spent`, async () => {
      const { server, store } = await open();
      const [deny, lease, allow] = budgets;
      const begun = makeReserve([lineOf(deny, 50n)]);
      await store.store.reserve(begun);
      await serve(store, lease, 10n, 10n);
      await expectStanding(lease, { spent: 10n, held: 100n, overrun: 0n });
      expect(await store.notReady()).to.equal(undefined);

      if (failure === "killed") await server.kill();
      else server.pause();
      await denied(store.store.reserve(makeReserve([lineOf(deny, 7n)])));
      await serve(store, lease, 60n, 55n);
      await denied(store.store.reserve(makeReserve([lineOf(lease, 46n)])));
      await serve(store, allow, 700n, 600n);
      const amounts = [{ budgetId: deny.id, amount: 30n }];
      await store.store.settle({ id: "begun", sessionId: begun.sessionId, amounts });
      await until("the outage to be told", () => told.some((message) => /budget store is away/.test(message)));
      expect(told[0]).to.match(
        /^warning: the budget store is away \(.*127\.0\.0\.1.*\)\n {2}ns\/Deny-\S+ refuse requests; ns\/Lease-\S+ spend what was leased in advance; ns\/Allow-\S+ let everything pass and book it afterwards, until it is back$/,
      );
      expect(await store.notReady()).to.match(/budget store is away .*refuse requests: ns\/Deny-/);
      expect(await metrics.render()).to.match(/^tollgate_budget_store_away 1$/m);

      if (failure === "killed") await server.restart();
      else server.resume();
      await expectStanding(deny, { spent: 30n, held: 0n, overrun: 0n });
      await expectStanding(allow, { spent: 600n, held: 0n, overrun: 0n });
      await expectStanding(lease, { spent: 65n, held: 100n, overrun: 0n });
      await until("the return to be told", () => told.at(-1)?.startsWith("the budget store is back"));
      expect(await store.notReady()).to.equal(undefined);
      await store.close();
      await expectStanding(lease, { spent: 65n, held: 0n, overrun: 0n });
    });
  }

  it("L39: says at the start how far budgets that lease can be overspent, and shows it as a gauge", async () => {
    const { store } = await open();
    const [, { id }] = budgets;
    expect(store.leaseBounds).to.deep.equal([{ budgetId: id, unit: { kind: "Tokens" }, perAccount: 100n }]);
    expect(store.leaseBoundTexts[0]).to.match(
      /at most 100 tokens per account.*overspent by no more than that per gateway/,
    );
    expect(await metrics.render()).to.contain(`tollgate_budget_lease_bound{budget="${id}"} 100`);
  });

  it("L39: warns of a Redis that may lose what it acknowledged, and says what to set", async () => {
    await open({ args: ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""] });
    await until("the warning", () => told.some((message) => message.includes('set "appendonly yes"')));
    expect(await metrics.render()).to.match(/^tollgate_store_durable 0$/m);
  });

  it("L39: says nothing of one that writes through", async () => {
    await open();
    await until("the check", async () => /^tollgate_store_durable 1$/m.test(await metrics.render()));
    expect(told.filter((message) => message.includes("appendonly"))).to.deep.equal([]);
  });

  const forgetful = { args: ["--appendonly", "no", "--save", ""] };

  it("L39: a Redis that comes back without its data is rebuilt from the ledger", async () => {
    const entries: LedgerEntry[] = [];
    const ledger = {
      id: "gateway-1",
      async *entries(): AsyncIterable<LedgerEntry> {
        for (const entry of entries) yield await Promise.resolve(entry);
      },
    };
    const { server, store } = await open(forgetful, { ledger });
    const [deny] = budgets;
    const epoch = await store.epoch();
    const session = await serve(store, deny, 40n, 40n);
    const line = { budget: deny.id, account, windowEndMs: Date.now(), spent: "40", overrun: "0" };
    entries.push({ type: "request", session, startedMs: Date.now() - 1, budgets: [line] } as unknown as LedgerEntry);
    await server.restart();
    await expectStanding(deny, { spent: 40n, held: 0n, overrun: 0n });
    await until("the return to be told", () => told.at(-1)?.startsWith("the budget store is back"));
    expect(told.join("\n")).to.match(/has lost its data.*rebuilt from this gateway's ledger/);
    expect(await store.epoch()).to.not.equal(epoch);
  });

  it("L39: without a ledger it stays unused until the loss is accepted, also when the gateway was started anew", async () => {
    const { server, store } = await open(forgetful);
    const [deny] = budgets;
    await serve(store, deny, 40n, 40n);
    const epoch = await store.epoch();
    await store.close();
    await server.restart();
    const again = openBudgetStore(server.url, {
      timeoutMs: 100,
      modeOf: () => "Deny",
      budgets: () => budgets,
      nowMs: Date.now,
      newId: randomUUID,
      metrics,
      logger: makeLogger("silent"),
      onState: (message) => told.push(message),
      owner: "gateway-1",
      epoch,
    });
    wired = again;
    await until("the loss to be told", () =>
      told.some((message) => /has lost its data .*until the loss is accepted/.test(message)),
    );
    await denied(again.store.reserve(makeReserve([lineOf(deny, 1n)])));
    await again.acceptLoss();
    expect(await again.store.reserve(makeReserve([lineOf(deny, 1n)]))).to.have.property("kind", "reserved");
  });
});

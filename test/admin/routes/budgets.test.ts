import { expect } from "chai";
import { MemoryBudgetStore } from "../../../src/budgets/stores/memory.ts";
import type { BudgetRule } from "../../../src/core/budget.ts";
import { lineOf, makeReserve } from "../../budgets/support.ts";
import { get, startAdmin } from "../support.ts";

const nowMs = Date.parse("2026-03-04T12:00:00Z");
const dollar = 1_000_000_000n;

function makeRule(parts: Partial<BudgetRule>): BudgetRule {
  return {
    id: "ai/daily-100",
    subject: ["x-user-id"],
    match: [],
    limit: 100n * dollar,
    unit: { kind: "USD" },
    window: { kind: "calendar", every: "Day", timeZone: "UTC" },
    enforcement: "Hard",
    estimate: "UpperBound",
    tiers: [
      { remainingBelowPercent: 20, action: "Reject" },
      { remainingBelowPercent: 30, action: "Queue", maxWaitMs: 30_000 },
      { remainingBelowPercent: 50, action: "Downgrade", model: "gpt-4o-mini" },
    ],
    onStoreFailure: "Deny",
    unknownPrice: "Deny",
    ...parts,
  };
}

const daily = makeRule({});
const tokens = makeRule({
  id: "ai/tokens",
  subject: [],
  limit: 1_000n,
  unit: { kind: "Tokens" },
  window: { kind: "rolling", lengthMs: 3_600_000 },
  enforcement: "Soft",
  tiers: [],
});
const twin = makeRule({ id: "other/daily-100" });

describe("GET /budgets", () => {
  let server: Awaited<ReturnType<typeof startAdmin>>;
  let rules: readonly BudgetRule[];
  let reads: number[];
  const accounts = new Map<string, readonly string[]>();

  before(async () => {
    const store = new MemoryBudgetStore(() => nowMs);
    const use = async (rule: BudgetRule, account: string, spent: bigint, held: bigint): Promise<void> => {
      const [settled, open] = [makeReserve([lineOf(rule, spent, account)]), makeReserve([lineOf(rule, held, account)])];
      await store.reserve(settled);
      const amounts = [{ budgetId: rule.id, amount: spent }];
      await store.settle({ id: "settle", sessionId: settled.sessionId, amounts });
      await store.reserve(open);
    };
    await use(daily, "alice", 51n * dollar, 9n * dollar);
    await use(daily, "a,b", 81n * dollar, 0n);
    await use(daily, "carol", 70n * dollar + 1n, 0n);
    await use(tokens, "*", 100n, 50n);
    server = await startAdmin({
      budgets: () => new Map(rules.map((rule) => [rule.id, rule])),
      accountsOf: (id) => accounts.get(id) ?? [],
      read: (queries) => {
        reads.push(queries.length);
        return store.read(queries);
      },
    });
  });

  after(() => server.close());

  beforeEach(() => {
    rules = [daily, tokens];
    reads = [];
    accounts.set(daily.id, ["alice"]);
  });

  const alice = {
    account: "alice",
    window: { start: "2026-03-04T00:00:00.000Z", end: "2026-03-05T00:00:00.000Z" },
    limit: "100.00",
    spent: "51.00",
    held: "9.00",
    overrun: "0.00",
    remaining: "40.00",
    remaining_percent: 40,
    tier: { remaining_below_percent: 50, action: "Downgrade", model: "gpt-4o-mini" },
    resets_at: "2026-03-05T00:00:00.000Z",
  };
  const dailyReport = {
    name: "ai/daily-100",
    unit: "USD",
    enforcement: "Hard",
    window: { every: "Day", time_zone: "UTC" },
    limit: "100.00",
    accounts: [alice],
  };

  it("tells how every account stands: money in dollars, tokens as integers, a budget of all as one account", async () => {
    const answer = await get(`${server.url}/budgets`);
    expect(answer.status).to.equal(200);
    expect(answer.json()).to.deep.equal({
      budgets: [
        dailyReport,
        {
          name: "ai/tokens",
          unit: "Tokens",
          enforcement: "Soft",
          window: { rolling_seconds: 3_600 },
          limit: 1_000,
          accounts: [
            {
              account: "*",
              window: { start: "2026-03-04T11:00:00.000Z", end: "2026-03-04T12:01:00.000Z" },
              limit: 1_000,
              spent: 100,
              held: 50,
              overrun: 0,
              remaining: 850,
              remaining_percent: 85,
              tier: null,
              resets_at: "2026-03-04T12:01:00.000Z",
            },
          ],
        },
      ],
    });
  });

  it("names the lowest tier that applies (L35)", async () => {
    const tierOf = async (account: string): Promise<unknown> => {
      const answer = await get(`${server.url}/budgets/ai/daily-100/accounts/${encodeURIComponent(account)}`);
      const { accounts: [only] = [] } = answer.json() as { accounts?: { tier: unknown; remaining_percent: number }[] };
      return [only?.remaining_percent, only?.tier];
    };
    expect(await tierOf("a,b")).to.deep.equal([19, { remaining_below_percent: 20, action: "Reject" }]);
    expect(await tierOf("carol")).to.deep.equal([
      29.9,
      { remaining_below_percent: 30, action: "Queue", max_wait_seconds: 30 },
    ]);
    expect(await tierOf("nobody yet")).to.deep.equal([100, null]);
  });

  it("gives one account, by namespace and name or by a name that one namespace has", async () => {
    for (const path of ["ai/daily-100", "daily-100"]) {
      const answer = await get(`${server.url}/budgets/${path}/accounts/alice`);
      expect(answer.json()).to.deep.equal(dailyReport);
    }
    rules = [daily, twin];
    const ambiguous = await get(`${server.url}/budgets/daily-100/accounts/alice`);
    expect(ambiguous.status).to.equal(409);
    expect(ambiguous.json()).to.have.nested.property(
      "error.message",
      "more than one namespace has a budget daily-100: name it as ai/daily-100 or other/daily-100",
    );
    expect((await get(`${server.url}/budgets/other/daily-100/accounts/alice`)).json()).to.have.nested.property(
      "accounts[0].spent",
      "0.00",
    );
  });

  it("names the budgets that there are when there is none of this name", async () => {
    for (const path of ["ai/none", "none"]) {
      const answer = await get(`${server.url}/budgets/${path}/accounts/alice`);
      expect(answer.status).to.equal(404);
      expect(answer.json()).to.have.nested.property(
        "error.message",
        `there is no budget "${path}"; there are ai/daily-100, ai/tokens`,
      );
    }
  });

  it("asks the store for a hundred accounts at a time", async () => {
    rules = [daily];
    accounts.set(
      daily.id,
      Array.from({ length: 250 }, (_, number) => `user-${number}`),
    );
    const { budgets } = (await get(`${server.url}/budgets`)).json() as { budgets: { accounts: unknown[] }[] };
    expect(budgets[0]?.accounts).to.have.length(250);
    expect(reads).to.deep.equal([100, 100, 50]);
  });

  it("has none in a gateway without budgets, and says so when the store cannot be read", async () => {
    const none = await startAdmin({});
    expect((await get(`${none.url}/budgets`)).json()).to.deep.equal({ budgets: [] });
    expect((await get(`${none.url}/budgets/a/b/accounts/c`)).text).to.contain("there are none");
    await none.close();
    const away = await startAdmin({
      budgets: () => new Map([[tokens.id, tokens]]),
      read: () => Promise.reject(new Error("must-not-be-shown")),
    });
    const answer = await get(`${away.url}/budgets`);
    expect(answer.status).to.equal(503);
    expect(answer.text).to.contain("cannot be read now").and.not.contain("must-not-be-shown");
    await away.close();
  });
});

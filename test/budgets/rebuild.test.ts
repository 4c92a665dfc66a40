import { expect } from "chai";
import type { BudgetTerms } from "../../src/budgets/budget-store.ts";
import { bookingsOf } from "../../src/budgets/rebuild.ts";
import type { BudgetRecord, ExpiredRecord, LedgerEntry, RequestRecord } from "../../src/core/request-record.ts";
import { makeBudget, rollingHour } from "./support.ts";

const noon = Date.parse("2026-03-04T12:00:00Z");
const today = { windowStartMs: Date.parse("2026-03-04"), windowEndMs: Date.parse("2026-03-05") };
const yesterday = { windowStartMs: Date.parse("2026-03-03"), windowEndMs: Date.parse("2026-03-04") };

function recordOf(budget: string, spent: number, more: Partial<BudgetRecord> = {}): BudgetRecord {
  const rest = { unit: { kind: "Tokens" }, limit: "100", held: "50", remaining: "1", refused: false } as const;
  return { budget, account: "alice", ...today, ...rest, spent: String(spent), overrun: "0", ...more };
}

function request(session: string, ...budgets: BudgetRecord[]): RequestRecord {
  return {
    type: "request",
    session,
    requestId: undefined,
    startedMs: noon,
    durationMs: 1,
    api: "chat",
    stream: false,
    route: undefined,
    requestedModel: undefined,
    model: undefined,
    identity: {},
    outcome: "completed",
    code: undefined,
    status: 200,
    bound: undefined,
    attempts: [],
    costNanoUsd: 0,
    priceVersion: "",
    budgets,
    costs: {},
  };
}

function expired(session: string, budget: string, spent: number): ExpiredRecord {
  const line = { budget, account: "alice", spent: String(spent), overrun: "1" };
  return { type: "expired", session, owner: "o", atMs: noon, verdict: "unknown", priceVersion: "", budgets: [line] };
}

async function* stream(entries: readonly LedgerEntry[]): AsyncIterable<LedgerEntry> {
  for (const entry of entries) yield await Promise.resolve(entry);
}

describe("bookingsOf", () => {
  const day = makeBudget({ id: "ns/day" });
  const rolling = makeBudget({ id: "ns/rolling", window: rollingHour });
  const budgets: readonly BudgetTerms[] = [day, rolling];

  async function sumsOf(entries: readonly LedgerEntry[], elsewhere: readonly string[] = []) {
    const calls = await bookingsOf(stream(entries), {
      termsOf: (id) => budgets.find((budget) => budget.id === id),
      nowMs: noon,
      ledgerId: "one",
      isElsewhere: (session) => elsewhere.includes(session),
    });
    return calls.flatMap(({ spendings }) =>
      spendings.map(({ budget, account, atMs, amount }) => [budget.id, account, atMs - noon, amount]),
    );
  }

  const midnight = today.windowStartMs - noon;

  it("L39: sums what was spent and overrun of an account in its window", async () => {
    const entries = [
      request("a", recordOf(day.id, 10)),
      request("b", recordOf(day.id, 5, { overrun: "2" })),
      request("c", recordOf(day.id, 7, { account: "bob" })),
    ];
    expect(await sumsOf(entries)).to.deep.equal([
      [day.id, "alice", midnight, 17n],
      [day.id, "bob", midnight, 7n],
    ]);
  });

  it("L39: leaves out windows that are over, budgets that are gone, and what cost nothing", async () => {
    const entries = [
      request("a", recordOf(day.id, 10, yesterday)),
      request("b", recordOf("ns/gone", 5)),
      request("c", recordOf(day.id, 0, { refused: true })),
    ];
    expect(await sumsOf(entries)).to.deep.equal([]);
  });

  it("L39: keeps the buckets of a rolling window apart, as long as they count", async () => {
    const inBucket = (minutes: number, spent: number) =>
      recordOf(rolling.id, spent, { windowStartMs: 0, windowEndMs: noon + minutes * 60_000 });
    // the bucket that ends an hour ago is in the window that is cut into whole buckets
    const entries = [request("a", inBucket(1, 1), inBucket(0, 2)), request("b", inBucket(-59, 4), inBucket(-60, 8))];
    expect(await sumsOf(entries)).to.deep.equal([
      [rolling.id, "alice", 0, 1n],
      [rolling.id, "alice", -60_000, 2n],
      [rolling.id, "alice", -60 * 60_000, 4n],
    ]);
  });

  it("L32, L39: counts an expired hold until its owner has settled it after all", async () => {
    const entries = [
      expired("lives", day.id, 50),
      expired("gone", day.id, 20),
      request("lives", recordOf(day.id, 3)),
      expired("lease-x", day.id, 99),
    ];
    expect(await sumsOf(entries)).to.deep.equal([[day.id, "alice", midnight, 24n]]);
  });

  it("L39: leaves out sessions that get into the store otherwise", async () => {
    const entries = [request("waits", recordOf(day.id, 3)), request("b", recordOf(day.id, 4))];
    expect(await sumsOf(entries, ["waits"])).to.deep.equal([[day.id, "alice", midnight, 4n]]);
  });

  it("L39: gives the same ids for the same ledger, and others for another", async () => {
    const idsOf = async (ledgerId: string) => {
      const options = { termsOf: () => day, nowMs: noon, ledgerId, isElsewhere: () => false };
      return (await bookingsOf(stream([request("a", recordOf(day.id, 1))]), options)).map(({ id }) => id);
    };
    expect(await idsOf("one")).to.deep.equal(await idsOf("one"));
    expect(await idsOf("one")).to.not.deep.equal(await idsOf("other"));
  });
});

import { expect } from "chai";
import { MemoryLedger } from "../../../src/budgets/ledger/stores/memory-ledger.ts";
import { makePriceBook } from "../../../src/metering/price-book.ts";
import { makeBudgetRecord, makeRecord, noonMs } from "../../budgets/ledger/support.ts";
import { get, startAdmin } from "../support.ts";

const book = makePriceBook([], "");

describe("GET /receipts/{id}", () => {
  const ledger = new MemoryLedger(10);
  let server: Awaited<ReturnType<typeof startAdmin>>;

  before(async () => {
    server = await startAdmin({ ledger, prices: () => book });
  });

  after(() => server.close());

  it("tells who asked, what was used, what it cost at which prices, and which budgets paid (L37)", async () => {
    const tokens = {
      unit: { kind: "Tokens" },
      limit: "100000",
      held: "2000",
      spent: "1000",
      remaining: "98000",
    } as const;
    const record = makeRecord({
      priceVersion: book.version,
      budgets: [makeBudgetRecord(), makeBudgetRecord({ budget: "ai/tokens", account: "*", ...tokens })],
    });
    ledger.append(record);
    const receipt = {
      session: record.session,
      request_id: record.requestId,
      started_at: "2026-03-04T12:00:00.000Z",
      duration_ms: 1_500,
      api: "chat",
      stream: false,
      route: "ai/llm-route",
      model_requested: "gpt-4o",
      model_used: "gpt-4o",
      identity: { "x-user-id": "alice", "x-team-id": "engineering" },
      outcome: "completed",
      status: 200,
      code: null,
      message: null,
      upper_bound: { input_tokens: 1_000, output_tokens: 1_000 },
      attempts: [
        {
          backend: "ai/openai",
          provider: "openai",
          model: "gpt-4o",
          verdict: "billed",
          usage: { input_tokens: 800, cached_input_tokens: 100, output_tokens: 200, total_tokens: 1_000 },
          usage_estimated: false,
          cost_usd: "0.003875",
          unpriced: false,
          price: {
            input: "2.50",
            output: "10.00",
            cache_read: "1.25",
            cache_write: null,
            cache_write_1h: null,
            source: "genai-prices 0.1.8",
          },
        },
      ],
      price_version: book.version,
      cost_usd: "0.003875",
      budgets: [
        {
          name: "ai/daily-100",
          account: "alice",
          unit: "USD",
          window: { start: "2026-03-04T00:00:00.000Z", end: "2026-03-05T00:00:00.000Z" },
          limit: "100.00",
          held: "0.50",
          spent: "0.12",
          overrun: "0.00",
          remaining: "89.88",
          refused: false,
          passes_at: null,
        },
        {
          name: "ai/tokens",
          account: "*",
          unit: "Tokens",
          window: { start: "2026-03-04T00:00:00.000Z", end: "2026-03-05T00:00:00.000Z" },
          limit: 100_000,
          held: 2_000,
          spent: 1_000,
          overrun: 0,
          remaining: 98_000,
          refused: false,
          passes_at: null,
        },
      ],
      costs: { llm_total_token: 1_000 },
    };
    for (const id of [record.session, record.requestId ?? ""]) {
      const answer = await get(`${server.url}/receipts/${id}`);
      expect(answer.status).to.equal(200);
      expect(answer.type).to.equal("application/json");
      expect(answer.json()).to.deep.equal(receipt);
    }
  });

  it("tells why a request was refused, and when it passes", async () => {
    const refused = makeBudgetRecord({ refused: true, spent: "0", remaining: "20000000", passesAtMs: noonMs });
    const record = makeRecord({ code: "budget_exceeded", message: "used up", attempts: [], budgets: [refused] });
    ledger.append(record);
    const receipt = (await get(`${server.url}/receipts/${record.session}`)).json();
    expect(receipt).to.deep.include({ code: "budget_exceeded", message: "used up", attempts: [] });
    expect(receipt).to.have.nested.property("budgets[0].refused", true);
    expect(receipt).to.have.nested.property("budgets[0].passes_at", "2026-03-04T12:00:00.000Z");
  });

  it("shows no prices when those of the request are not in force any more, and none for what cost nothing", async () => {
    const old = makeRecord({ priceVersion: "another table" });
    const [attempt] = old.attempts;
    if (attempt === undefined) throw new Error("no attempt");
    const free = makeRecord({
      priceVersion: book.version,
      attempts: [{ ...attempt, verdict: "free", usage: undefined }],
    });
    for (const record of [old, free]) {
      ledger.append(record);
      const receipt = (await get(`${server.url}/receipts/${record.session}`)).json();
      expect(receipt).to.have.nested.property("attempts[0].price", null);
    }
    expect((await get(`${server.url}/receipts/${free.session}`)).json()).to.have.nested.property(
      "attempts[0].usage",
      null,
    );
  });

  it("finds a request id with any characters in it", async () => {
    const requestId = "a/b c?d#ü%41";
    const record = makeRecord({ requestId });
    ledger.append(record);
    const answer = await get(`${server.url}/receipts/${encodeURIComponent(requestId)}`);
    expect(answer.json()).to.have.property("session", record.session);
  });

  it("says of an id that it does not know how long receipts are kept", async () => {
    const answer = await get(`${server.url}/receipts/nobody`);
    expect(answer.status).to.equal(404);
    expect(answer.json()).to.deep.equal({
      error: {
        code: "unknown_receipt",
        message:
          'there is no receipt of "nobody": name a request by its x-request-id or by its session; receipts are kept for the last 10 requests, until the gateway ends',
      },
    });
  });

  it("says so when the gateway keeps none, and when they cannot be read", async () => {
    const find = () => Promise.reject(new Error("must-not-be-shown"));
    for (const [sources, status] of [
      [{}, 404],
      [{ ledger: { find, kept: "" } }, 503],
    ] as const) {
      const other = await startAdmin(sources);
      const answer = await get(`${other.url}/receipts/1`);
      await other.close();
      expect(answer.status).to.equal(status);
      expect(answer.text).not.to.contain("must-not-be-shown");
    }
  });
});

import { expect } from "chai";
import { explain } from "../../src/budgets/explain.ts";
import { toReceipt } from "../../src/budgets/receipt.ts";
import type { AttemptRecord, RequestRecord } from "../../src/core/request-record.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";
import { makeBudgetRecord, makeRecord, noonMs } from "./ledger/support.ts";

const book = makePriceBook([], "");

function attemptOf(parts: Partial<AttemptRecord> = {}): AttemptRecord {
  const [attempt] = makeRecord().attempts;
  if (attempt === undefined) throw new Error("no attempt");
  return { ...attempt, ...parts };
}

/** The sentences about a request, one by one. */
function told(parts: Partial<RequestRecord> = {}, priced = true): readonly string[] {
  const record = makeRecord({ session: "s-1", requestId: "r-1", ...parts });
  const receipt = toReceipt(record, ({ provider, backend, model }) => {
    if (!priced) return undefined;
    const { price } = book.quote({ provider, backendId: backend, model, atMs: noonMs });
    return { rates: price.rates, source: price.source };
  });
  return explain(receipt).trimEnd().split("\n");
}

describe("explain", () => {
  it("tells who asked for what, where it went, what it cost at which price, and who paid (L37)", () => {
    expect(told()).to.deep.equal([
      "Request r-1, session s-1: 2026-03-04T12:00:00.000Z, 1,500 ms.",
      "x-user-id alice, x-team-id engineering asked for the model gpt-4o (chat; route ai/llm-route).",
      "Before it was sent it could need up to 1,000 input and 1,000 output tokens.",
      "Attempt 1: ai/openai (openai) with gpt-4o used: 800 tokens in (100 of them cached), 200 out; $0.003875 at $2.50 in, $1.25 cached, $10.00 out per million tokens (genai-prices 0.1.8).",
      "In all it cost $0.003875 by the price table list 1.",
      "Budget ai/daily-100, account alice, from 2026-03-04T00:00:00.000Z to 2026-03-05T00:00:00.000Z: $0.50 held, $0.12 paid; $89.88 of $100.00 was left then.",
      "It was answered (status 200).",
    ]);
  });

  it("tells why a budget refused, with numbers and when it passes (L36)", () => {
    const refused = makeBudgetRecord({ refused: true, spent: "0", remaining: "20000000", passesAtMs: noonMs });
    const parts = { attempts: [], costNanoUsd: 0, outcome: "rejected", status: 429, code: "budget_exceeded" };
    expect(told({ ...parts, message: "used up", budgets: [refused] }).slice(-3)).to.deep.equal([
      "Nothing was sent to a provider, and it cost nothing.",
      "Budget ai/daily-100 refused it: account alice had $0.02 of $100.00 left in the window from 2026-03-04T00:00:00.000Z to 2026-03-05T00:00:00.000Z, and the request could need up to $0.50. It can pass from 2026-03-04T12:00:00.000Z on, if nothing else is spent.",
      "It was refused before anything was sent (status 429, budget_exceeded): used up",
    ]);
    const tier = told({ ...parts, budgets: [{ ...refused, held: "0" }] }).at(-2);
    expect(tier).to.match(/, and a tier takes no requests then\. It can pass from 2026-03-04T12:00:00\.000Z on/);
    const { passesAtMs: _, ...never } = refused;
    expect(told({ ...parts, budgets: [never] }).at(-2)).to.match(
      /It can never pass: it may need more than the whole budget\.$/,
    );
  });

  it("tells every attempt: the free one, the one that nobody tells the end of, the unpriced one (L33)", () => {
    const lines = told({
      attempts: [
        attemptOf({ backend: "ai/first", verdict: "free", usage: undefined, costNanoUsd: 0 }),
        attemptOf({
          verdict: "unknown",
          estimated: true,
          usage: { input: 10, cachedInput: 0, cacheWrite: 0, output: 20, reasoning: 5, total: 30 },
        }),
        attemptOf({ unpriced: true, usage: { total: 1_234 } }),
      ],
    });
    expect(lines.slice(3, 6)).to.deep.equal([
      "Attempt 1: ai/first (openai) with gpt-4o used nothing and cost nothing.",
      "Attempt 2: ai/openai (openai) with gpt-4o was not told to the end, so this counts: 10 tokens in, 20 out (5 of them reasoning), estimated; $0.003875 at $2.50 in, $10.00 out per million tokens (genai-prices 0.1.8).",
      "Attempt 3: ai/openai (openai) with gpt-4o used: 1,234 tokens; $0.003875 at $2.50 in, $10.00 out per million tokens (genai-prices 0.1.8; the model has no price, so the dearest known rates stand for it).",
    ]);
  });

  it("tells a downgrade (L35), an overrun, other units, and that nobody paid", () => {
    expect(told({ model: "gpt-4o-mini" })[2]).to.equal("It was served with gpt-4o-mini instead.");
    const tokens = {
      unit: { kind: "Tokens" },
      limit: "5000",
      held: "100",
      spent: "100",
      overrun: "7",
      remaining: "0",
    } as const;
    expect(told({ budgets: [makeBudgetRecord(tokens)] }).at(-2)).to.match(
      /: 100 tokens held, 100 tokens paid \(7 tokens more than was held\); 0 tokens of 5,000 tokens was left then\.$/,
    );
    expect(told({ budgets: [] }).at(-2)).to.equal("No budget paid for it.");
    expect(told({}, false)[3]).to.match(/200 out; \$0\.003875\.$/);
  });

  it("tells what is missing, and every way to end", () => {
    const lines = told({
      requestId: undefined,
      identity: {},
      requestedModel: undefined,
      model: undefined,
      route: undefined,
      bound: undefined,
      stream: true,
      outcome: "unanswered",
      status: 503,
    });
    expect(lines[0]).to.equal("Request of session s-1: 2026-03-04T12:00:00.000Z, 1,500 ms.");
    expect(lines[1]).to.equal("A client without identity asked for no model (chat, as a stream; no route).");
    expect(lines.at(-1)).to.equal("No provider answered (status 503).");
    for (const [outcome, sentence] of [
      ["limited", "A rate limit refused it (status 200)."],
      ["failed", "The provider answered with an error, or its answer broke (status 200)."],
      ["aborted", "The client or the provider went away in the middle (status 200)."],
      ["constructor", "It ended as constructor (status 200)."],
    ] as const)
      expect(told({ outcome }).at(-1)).to.equal(sentence);
  });

  it("escapes what clients may have written to steer a terminal", () => {
    const evil = "\u001b[2Ja\nBudget ai/x paid\u202e";
    const lines = told({ requestId: evil, identity: { "x-user-id": evil }, requestedModel: evil, message: evil });
    expect(lines).to.have.length(8);
    expect(lines.join("")).not.to.match(/[\p{Cc}\p{Cf}]/u);
    expect(lines[0]).to.contain("Request \\u{1b}[2Ja\\u{a}Budget ai/x paid\\u{202e}, session");
  });
});

import { expect } from "chai";
import { requestRecord } from "../../src/extproc/request-record.ts";
import { Session } from "../../src/extproc/session.ts";
import { settleSession } from "../../src/extproc/settle.ts";
import { makeConfig, makeSettings, makeView } from "../planning/support.ts";
import { applied, makeBudgetRule, makeStanding, reject, windowEndMs } from "../support/budget-rule.ts";
import { answered, anthropic, attemptAt, bound, makePaying, makePlan, openai, planned, reportOf } from "./paying.ts";
import { endpoint, makeSession } from "./support.ts";

const tokens = makeBudgetRule("ai/tokens");

describe("requestRecord", () => {
  it("has a line for every attempt with its verdict, and what each budget was charged (L33, L37)", async () => {
    const { session, tools } = await makePaying([tokens], { amounts: [700n] });
    session.bound = bound;
    session.attempts.push(attemptAt(openai), attemptAt(openai), attemptAt(anthropic, answered));
    session.reports.push(reportOf(openai, 500));
    session.outcome = { kind: "completed" };
    const record = requestRecord(session, await settleSession(session, tools), 250);
    expect(record).to.include({ type: "request", session: "s", durationMs: 250, outcome: "completed" });
    expect(record.bound).to.deep.equal({ inputTokens: 100, outputTokens: 200 });
    expect(
      record.attempts.map(({ verdict, usage, estimated, costNanoUsd }) => [
        verdict,
        usage?.total,
        estimated,
        costNanoUsd,
      ]),
    ).to.deep.equal([
      ["free", undefined, false, 0],
      ["unknown", 300, true, 2_250_000],
      ["billed", 100, false, 700_000],
    ]);
    expect(record.costNanoUsd).to.equal(2_950_000);
    expect(record.budgets).to.deep.equal([
      {
        budget: "ai/tokens",
        account: "*",
        unit: { kind: "Tokens" },
        windowStartMs: 0,
        windowEndMs,
        limit: "1000",
        held: "700",
        spent: "400",
        overrun: "0",
        remaining: "600",
        refused: false,
      },
    ]);
  });

  it("says that the price is a guess", () => {
    const session = makeSession("s");
    session.forwarded = true;
    session.plan = makePlan();
    session.attempts.push(attemptAt(planned("ai/openai", "never-heard-of"), answered));
    expect(requestRecord(session, undefined, 0).attempts[0]).to.include({ unpriced: true });
  });

  it("names the budget that refused, what was asked for, and when it passes (L36)", () => {
    const session = makeSession("s");
    session.outcome = { kind: "rejected", code: "budget_exceeded" };
    session.message = "budget ai/tokens: …";
    session.refusing = {
      budget: applied(tokens, "ada"),
      standing: makeStanding("ai/tokens", { spent: 900n }),
      asked: 300n,
      passesAtMs: 5,
      tier: undefined,
    };
    const record = requestRecord(session, undefined, 0);
    expect(record).to.include({ outcome: "rejected", code: "budget_exceeded", message: "budget ai/tokens: …" });
    expect(record.budgets[0]).to.include({
      account: "ada",
      held: "300",
      spent: "0",
      remaining: "100",
      refused: true,
      passesAtMs: 5,
    });
    session.refusing = { ...session.refusing, asked: undefined, tier: reject(20) };
    expect(requestRecord(session, undefined, 0).budgets[0]).to.include({ held: "0" });
  });

  it("keeps of headers those that are trusted or that budgets go by, and of long values the beginning", () => {
    const settings = makeSettings({ identity: { trustedHeaders: ["x-user-id"], requireIdentity: false } });
    const view = makeView([
      ["x-user-id", "u".repeat(300)],
      ["x-team-id", "red"],
      ["x-tenant", "blue"],
      ["authorization", "Bearer secret"],
      ["x-request-id", "r".repeat(300)],
    ]);
    const session = new Session("s", makeConfig([], { settings }), view, endpoint, 0);
    const rule = makeBudgetRule("ai/b", {
      subject: ["x-team-id"],
      match: [{ kind: "header", name: "x-tenant", value: "blue" }],
    });
    session.plan = makePlan({ budgets: [applied(rule)] });
    const { identity, requestId } = requestRecord(session, undefined, 0);
    expect(identity).to.deep.equal({ "x-user-id": "u".repeat(256), "x-team-id": "red", "x-tenant": "blue" });
    expect(requestId).to.have.length(256);
  });

  it("can be made of a request that came nowhere", () => {
    expect(requestRecord(makeSession("s"), undefined, 0)).to.deep.include({
      route: undefined,
      outcome: "unknown",
      attempts: [],
      budgets: [],
    });
  });
});

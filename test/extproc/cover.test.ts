import { expect } from "chai";
import { BudgetStoreUnavailable } from "../../src/budgets/budget-store.ts";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import { coverAttempt, coverStream } from "../../src/extproc/cover.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";
import { anthropic, attemptAt, bound, makePaying, openai, reportOf } from "./paying.ts";

const tokens = makeBudgetRule("ai/tokens");

/** The code of what it throws. */
async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  return await promise.then(
    () => "none",
    (thrown: unknown) => GatewayError.from(thrown).code,
  );
}

class AwayStore extends MemoryBudgetStore {
  override extend(): Promise<never> {
    return Promise.reject(new BudgetStoreUnavailable("away"));
  }
}

describe("coverAttempt", () => {
  it("asks for nothing when the earlier attempt is known to be free (L33)", async () => {
    const { session, tools, standing } = await makePaying([tokens], { amounts: [300n] });
    session.attempts.push(attemptAt(openai));
    session.reports.push(reportOf(openai, 500));
    await coverAttempt(session, anthropic, bound, tools);
    expect(await standing(tokens)).to.include({ held: 300n });
  });

  it("holds the earlier attempt as well when nobody knows what it cost (L33)", async () => {
    const { session, spending, tools, standing } = await makePaying([tokens], { amounts: [300n] });
    session.attempts.push(attemptAt(openai));
    session.reports.push(reportOf(openai, 0, "upstream_remote_reset"));
    await coverAttempt(session, anthropic, { ...bound, outputTokens: 150 }, tools);
    expect(await standing(tokens)).to.include({ held: 550n });
    expect(spending.standings[0]).to.include({ held: 550n });
  });

  it("refuses at once what does not fit when everything was reported, and keeps what is held (L33, L36)", async () => {
    const { session, tools, standing } = await makePaying([tokens], { amounts: [600n] });
    session.attempts.push(attemptAt(openai, { bound: { ...bound, outputTokens: 500 } }));
    session.reports.push(reportOf(openai, 0));
    const refused = await coverAttempt(session, anthropic, { ...bound, outputTokens: 500 }, tools).catch(
      (thrown: unknown) => GatewayError.from(thrown),
    );
    expect(refused).to.include({ code: "budget_exceeded", status: 429 });
    expect(refused?.members["budget"]).to.include({ name: "ai/tokens", held: 600, estimate: 600 });
    expect(await standing(tokens)).to.include({ held: 600n });
  });

  it("waits for Envoy's word where it does not fit: the earlier attempt may turn out to be free", async () => {
    const { session, tools, standing } = await makePaying([tokens], { amounts: [600n] });
    const large = { ...bound, outputTokens: 500 };
    session.attempts.push(attemptAt(openai, { bound: large }));
    const covered = coverAttempt(session, anthropic, large, tools);
    await tools.budgets.holds.read([]);
    session.reported(reportOf(openai, 429));
    await covered;
    expect(await standing(tokens)).to.include({ held: 600n });
  });

  it("needs of a stream that can be cut off no more than its beginning (L34)", async () => {
    const { session, tools, standing } = await makePaying([tokens], { amounts: [400n], sliced: true });
    session.attempts.push(attemptAt(openai));
    session.reports.push(reportOf(openai, 500));
    const long = { ...bound, outputTokens: 5_000 };
    await coverAttempt(session, anthropic, long, tools);
    expect(await standing(tokens)).to.include({ held: 400n });
    expect(await codeOf(coverAttempt(session, anthropic, { ...long, hidesOutput: true }, tools))).to.equal(
      "budget_exceeded",
    );
  });

  it("says that the store is away, or that the hold is gone (L39)", async () => {
    const away = await makePaying([tokens], { amounts: [300n], store: new AwayStore(() => 0) });
    away.session.attempts.push(attemptAt(openai));
    expect(await codeOf(coverAttempt(away.session, anthropic, bound, away.tools))).to.equal("budget_store_unavailable");
    const gone = await makePaying([tokens], { amounts: [300n] });
    gone.session.attempts.push(attemptAt(openai));
    await gone.spending.hold.settle([0n]);
    expect(await codeOf(coverAttempt(gone.session, anthropic, bound, gone.tools))).to.equal("gateway_unavailable");
  });

  it("is not needed where nobody pays", async () => {
    const { session, tools } = await makePaying([tokens], { amounts: [0n] });
    session.spending = undefined;
    await coverAttempt(session, anthropic, bound, tools);
  });
});

describe("coverStream", () => {
  const long = { ...bound, outputTokens: 2_000 };
  const streaming = (...pieces: number[]) => {
    const attempt = attemptAt(openai, { ended: "streaming", bound: long, told: { input: 100 } });
    for (const bytes of pieces) attempt.meter.streamed(bytes);
    return attempt;
  };
  /** A stream of `pieces` with 400 held; others hold so much. */
  async function covered(pieces: readonly number[], others = 0n, limit = 1_000n, sliced = true) {
    const rule = { ...tokens, limit };
    const { session, tools, spending } = await makePaying([rule], { amounts: [400n], sliced });
    await tools.budgets.holds.reserve("other", [{ budget: rule, account: "*", amount: others }], "v1");
    const attempt = streaming(...pieces);
    session.attempts.push(attempt);
    const refused = await coverStream(session, attempt, tools);
    return { code: refused?.code, held: spending.hold.amounts[0] };
  }

  it("asks for nothing as long as the next piece fits, as large as the largest so far (L34)", async () => {
    expect(await covered([100, 100])).to.deep.equal({ code: undefined, held: 400n });
  });

  it("then holds all that it may cost, if that fits (L34)", async () => {
    expect(await covered([100, 101], 0n, 10_000n)).to.deep.equal({ code: undefined, held: 2_100n });
  });

  it("else a slice more (L34)", async () => {
    // 100 of input, 201 came, 101 may come, and 256
    expect(await covered([100, 101])).to.deep.equal({ code: undefined, held: 658n });
  });

  it("else is told why it has to end (L34)", async () => {
    expect(await covered([100, 101], 400n)).to.deep.equal({ code: "budget_exceeded", held: 400n });
  });

  it("leaves a stream alone that holds everything", async () => {
    expect(await covered([900], 400n, 1_000n, false)).to.deep.equal({ code: undefined, held: 400n });
  });

  it("ends a stream whose budget store is away (L39)", async () => {
    const away = await makePaying([tokens], { amounts: [300n], sliced: true, store: new AwayStore(() => 0) });
    const attempt = streaming(300);
    away.session.attempts.push(attempt);
    expect((await coverStream(away.session, attempt, away.tools))?.code).to.equal("budget_store_unavailable");
  });
});

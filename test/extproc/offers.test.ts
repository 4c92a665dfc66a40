import { expect } from "chai";
import type { Shortage } from "../../src/budgets/budget-store.ts";
import { cheapestOffer, makeOffer, mustBeBounded, type Offer, smallerOffer } from "../../src/extproc/offers.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import type { TokenBound } from "../../src/metering/usage-meter.ts";
import { makeRequest } from "../planning/support.ts";
import { applied, makeBudgetRule, makeStanding } from "../support/budget-rule.ts";
import { anthropic, bound, makePaying, makePlan, openai, planned } from "./paying.ts";
import { makeTranslator } from "./support.ts";

const tokens = makeBudgetRule("ai/tokens");
const request = { ...makeRequest("gpt-4o"), maxOutputTokens: 200 };
const stream = { ...request, stream: true };

function offerOf(attempts: Offer["attempts"], budgets = [applied(tokens)]): Offer {
  const plan = makePlan({ budgets, attempts: attempts.map((attempt) => attempt.planned) });
  return { plan, prepared: new Map(), attempts, sliced: false };
}

function priced(of: typeof openai, amount: bigint, changes: Partial<TokenBound> = {}): Offer["attempts"][number] {
  return { planned: of, bound: { ...bound, ...changes }, amounts: [amount] };
}

function shortOf(remaining: bigint, budgetId = "ai/tokens"): Shortage {
  return { ...makeStanding(budgetId, { spent: 1_000n - remaining }), asked: 1n, passesAtMs: undefined };
}

const names = ({ attempts }: Offer): string[] => attempts.map((attempt) => attempt.planned.backend.id);

describe("smallerOffer", () => {
  async function smaller(offer: Offer, remaining: bigint, of = stream) {
    const { session, tools } = await makePaying([tokens], { amounts: [0n] });
    return smallerOffer(session, of, offer, [shortOf(remaining)], tools);
  }

  it("leaves out the backends that do not fit, and says why (§0)", async () => {
    const offer = await smaller(offerOf([priced(openai, 500n), priced(anthropic, 300n)]), 300n);
    expect(offer && names(offer)).to.deep.equal(["ai/anthropic"]);
    expect(offer?.plan.attempts).to.deep.equal([anthropic]);
    expect(offer?.plan.dropped).to.deep.equal([
      { backendId: "ai/openai", reason: "too little remains of a budget for it" },
    ]);
    expect(offer?.sliced).to.equal(false);
  });

  it("asks for a stream as much as remains (L31, L34)", async () => {
    const offer = await smaller(offerOf([priced(openai, 2_100n, { outputTokens: 2_000 })]), 500n);
    expect(offer?.sliced).to.equal(true);
    expect(offer?.attempts[0]).to.deep.include({ amounts: [500n] });
    // the provider is still asked for all of it
    expect(offer?.attempts[0]?.bound.outputTokens).to.equal(2_000);
  });

  it("begins no stream that could say next to nothing (L34)", async () => {
    const long = offerOf([priced(openai, 2_100n, { outputTokens: 2_000 })]);
    expect((await smaller(long, 356n))?.attempts[0]?.amounts).to.deep.equal([356n]);
    expect(await smaller(long, 355n)).to.equal(undefined);
  });

  it("slices no JSON answer, and no answer of which a part is never shown (L31)", async () => {
    const long = [priced(openai, 2_100n, { outputTokens: 2_000 })];
    expect(await smaller(offerOf(long), 500n, request)).to.equal(undefined);
    const hiding = [priced(openai, 2_100n, { outputTokens: 2_000, hidesOutput: true })];
    expect(await smaller(offerOf(hiding), 500n)).to.equal(undefined);
  });
});

describe("cheapestOffer", () => {
  it("is the cheapest backend alone, if there are several", () => {
    const offer = cheapestOffer(offerOf([priced(openai, 500n), priced(anthropic, 300n)]));
    expect(offer && names(offer)).to.deep.equal(["ai/anthropic"]);
    expect(cheapestOffer(offerOf([priced(openai, 500n)]))).to.equal(undefined);
  });
});

describe("makeOffer", () => {
  const upstream = { path: "/", headers: { set: {}, remove: [] }, body: undefined, warnings: [] };

  async function made(rule: typeof tokens, ...attempts: (typeof openai)[]) {
    const { session, tools } = await makePaying([tokens], { amounts: [0n] });
    const prepared = new Map(
      attempts.map((of) => [
        `${of.backend.id} ${of.model}`,
        { planned: of, request, translator: makeTranslator(), upstream: { ...upstream, maxOutputTokens: 200 } },
      ]),
    );
    const plan = makePlan({ budgets: [applied(rule)], attempts });
    // nothing else of the tools is used
    return await makeOffer(session, request, { plan, prepared }, tools as unknown as Parameters<typeof makeOffer>[3]);
  }

  const dollars = makeBudgetRule("ai/dollars", { unit: { kind: "USD" } });
  const unpriced = planned("ai/openai", "never-heard-of");

  it("asks for the most that each attempt can cost (L31)", async () => {
    const { attempts, sliced } = await made(tokens, openai, anthropic);
    expect(attempts.map(({ amounts }) => amounts)).to.deep.equal([[300n], [300n]]);
    expect(sliced).to.equal(false);
  });

  it("leaves out backends without a price where a budget denies them, and refuses when none is left (L30)", async () => {
    const offer = await made(dollars, unpriced, anthropic);
    expect(names(offer)).to.deep.equal(["ai/anthropic"]);
    expect(offer.plan.dropped[0]?.reason).to.contain("needs a price of never-heard-of");
    const refused = await made(dollars, unpriced).catch((thrown: unknown) => GatewayError.from(thrown));
    expect(refused).to.include({ code: "unknown_price" });
  });

  it("refuses nobody for a shadow budget, nor where the budget takes any model (L30)", async () => {
    for (const changes of [
      { enforcement: "Shadow" },
      { unknownPrice: "WorstCase" },
      { unknownPrice: "Allow" },
    ] as const)
      expect(names(await made({ ...dollars, ...changes }, unpriced))).to.deep.equal(["ai/openai"]);
  });

  it("asks a budget that learns for what its requests came to, once enough is known", async () => {
    const learning = makeBudgetRule("ai/learning", { enforcement: "Soft", estimate: "Learned" });
    const { session, tools } = await makePaying([learning], { amounts: [0n] });
    const plan = makePlan({ budgets: [applied(learning)] });
    const prepared = new Map([
      [
        "ai/openai gpt-4o",
        { planned: openai, request, translator: makeTranslator(), upstream: { ...upstream, maxOutputTokens: 200 } },
      ],
    ]);
    const ask = () =>
      makeOffer(session, request, { plan, prepared }, tools as unknown as Parameters<typeof makeOffer>[3]);
    expect((await ask()).attempts[0]?.amounts).to.deep.equal([300n]);
    for (let count = 0; count < 20; count++) tools.budgets.learned.settled("ai/learning", "*", 7n);
    expect((await ask()).attempts[0]?.amounts).to.deep.equal([7n]);
  });
});

describe("mustBeBounded", () => {
  it("is for Hard budgets alone: the others book whatever comes", () => {
    const of = (enforcement: "Hard" | "Soft" | "Shadow") => mustBeBounded([applied({ ...tokens, enforcement })]);
    expect([of("Hard"), of("Soft"), of("Shadow"), mustBeBounded([])]).to.deep.equal([true, false, false, false]);
  });
});

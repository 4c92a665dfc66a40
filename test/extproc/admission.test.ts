import { expect } from "chai";
import { BudgetStoreUnavailable } from "../../src/budgets/budget-store.ts";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import type { BudgetRule } from "../../src/core/budget.ts";
import type { Backend } from "../../src/core/runtime-config.ts";
import { type AdmissionOptions, admit } from "../../src/extproc/admission.ts";
import { Session } from "../../src/extproc/session.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { exact, makeConfig, makeRef, makeRequest, makeRouteRule, makeView } from "../planning/support.ts";
import { downgrade, makeBudgetRule, queue, reject } from "../support/budget-rule.ts";
import { until } from "../support/wait.ts";
import { makePaying } from "./paying.ts";
import { endpoint, makeTranslator } from "./support.ts";

/** Input of 100 tokens at most, and so many of output; the second backend makes 250 of them. */
const request = { ...makeRequest("large"), maxOutputTokens: 200 };

/** A request for `large` or `small` with these budgets; another session holds or has spent something of each. */
async function world(budgets: readonly BudgetRule[], others: readonly bigint[] = [], store?: MemoryBudgetStore) {
  const lines = budgets.length > 0 ? budgets : [makeBudgetRule("ai/other")];
  const { tools, spending, standing } = await makePaying(lines, {
    amounts: lines.map((_, index) => others[index] ?? 0n),
    ...(store === undefined ? {} : { store }),
  });
  const backends = [makeRef("ai/openai"), makeRef("ai/anthropic", { priority: 1 })];
  const rules = ["large", "small"].map((model) => ({
    rule: makeRouteRule(model, { budgets, backends }),
    match: [exact("x-ai-eg-model", model)],
  }));
  const session = new Session("mine", makeConfig(rules), makeView(), endpoint, 0);
  const waits: number[] = [];
  const state = { isGone: false };
  const upstream = { path: "/", headers: { set: {}, remove: [] }, body: undefined, warnings: [] };
  // nothing else of the tools is used
  const all = {
    ...tools,
    random: () => 0,
    newId: () => "id",
    translatorFor:
      ({ id }: Backend) =>
      () =>
        makeTranslator({ request: () => ({ ...upstream, maxOutputTokens: id === "ai/anthropic" ? 250 : 200 }) }),
  } as unknown as AdmissionOptions["tools"];
  const ask = () =>
    admit({
      session,
      request,
      tools: all,
      waiting: (maxWaitMs) => waits.push(maxWaitMs),
      isGone: () => state.isGone,
    });
  const code = () =>
    ask().then(
      () => "admitted",
      (thrown: unknown) => GatewayError.from(thrown).code,
    );
  return { session, ask, code, waits, state, tools, standing, other: spending.hold };
}

const tokens = makeBudgetRule("ai/tokens");

describe("admit", () => {
  it("asks nobody where no budget pays", async () => {
    const { session, ask } = await world([]);
    expect((await ask()).bound).to.equal(undefined);
    expect(session.spending).to.equal(undefined);
  });

  it("holds the most that the request can cost at its dearest backend, on every budget (L31, §0)", async () => {
    const second = makeBudgetRule("ai/second");
    const { session, ask, standing } = await world([tokens, second]);
    const { plan, bound } = await ask();
    expect(plan.attempts.map(({ backend }) => backend.id)).to.deep.equal(["ai/openai", "ai/anthropic"]);
    expect(bound).to.include({ inputTokens: 100, outputTokens: 200 });
    expect([await standing(tokens), await standing(second)].map((one) => one.held)).to.deep.equal([350n, 350n]);
    expect(session.spending?.hold.amounts).to.deep.equal([350n, 350n]);
  });

  it("holds on all budgets or on none, and remembers who refused (L31, L36)", async () => {
    const second = makeBudgetRule("ai/second");
    const { session, code, standing } = await world([tokens, second], [0n, 701n]);
    expect(await code()).to.equal("budget_exceeded");
    expect(await standing(tokens)).to.include({ held: 0n });
    expect(session.refusing?.budget.rule.id).to.equal("ai/second");
    expect(session.spending).to.equal(undefined);
  });

  it("takes the tier that the store tells of while it reserves (L35)", async () => {
    const tiered = makeBudgetRule("ai/tiered", { tiers: [reject(10), downgrade(50, "small")] });
    const { ask, tools } = await world([tiered], [501n]);
    const { plan } = await ask();
    expect(plan).to.include({ model: "small", requestedModel: "large" });
    expect(tools.budgets.sticky.find("ai/tiered", "*", 0)).to.include({ model: "small" });
    const rejecting = await world([tiered], [901n]);
    expect(await rejecting.code()).to.equal("budget_exceeded");
    expect(rejecting.session.refusing?.tier).to.include({ action: "Reject" });
  });

  it("tells Envoy once how long it may wait, for all budgets together, and passes when there is room (L35)", async () => {
    const one = makeBudgetRule("ai/one", { tiers: [queue(60, 1_000)] });
    const two = makeBudgetRule("ai/two", { tiers: [queue(60, 30_000)] });
    const { ask, waits, other, standing, tools } = await world([one, two], [500n, 500n]);
    const asked = ask();
    await until("the wait", () => waits.length > 0);
    await other.settle([0n, 0n]);
    await asked;
    expect(waits).to.deep.equal([30_000]);
    expect(await standing(two)).to.include({ held: 350n });
    expect(tools.budgets.lines.isWaiting("ai/one *")).to.equal(false);
  });

  it("waits no longer for who has left, holds nothing, and makes room in the line (L32, L35)", async () => {
    const queued = makeBudgetRule("ai/queued", { tiers: [queue(60, 60_000)] });
    const { code, state, tools, standing } = await world([queued], [500n]);
    const asked = code();
    await until("the wait", () => tools.budgets.lines.isWaiting("ai/queued *"));
    state.isGone = true;
    tools.budgets.holds.changed();
    expect(await asked).to.equal("gateway_unavailable");
    expect(tools.budgets.lines.isWaiting("ai/queued *")).to.equal(false);
    expect(await standing(queued)).to.include({ held: 500n });
  });

  it("refuses with 503 when the store is away and the budget denies then (L39)", async () => {
    class AwayStore extends MemoryBudgetStore {
      isAway = false;
      override reserve(...call: Parameters<MemoryBudgetStore["reserve"]>) {
        if (this.isAway) return Promise.reject(new BudgetStoreUnavailable("away"));
        return super.reserve(...call);
      }
    }
    const store = new AwayStore(() => 0);
    const { code } = await world([tokens], [], store);
    store.isAway = true;
    expect(await code()).to.equal("budget_store_unavailable");
  });
});

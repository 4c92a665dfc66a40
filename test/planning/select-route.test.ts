import { expect } from "chai";
import { downgradeRoute, selectRoute } from "../../src/planning/select-route.ts";
import { makeBudgetRule } from "../support/budget-rule.ts";
import { exact, makeConfig, makeRequest, makeRouteRule, makeView } from "./support.ts";

const shared = makeBudgetRule("ai/shared");
const large = makeBudgetRule("ai/large", { match: [{ kind: "model", model: "gpt-4o" }] });
const small = makeBudgetRule("ai/small", { match: [{ kind: "model", model: "gpt-4o-mini" }] });
const one = makeRouteRule("one", { budgets: [shared, large, small] });
const two = makeRouteRule("two", { routeId: "ai/other", budgets: [shared, makeBudgetRule("ai/second")] });

const config = makeConfig([
  { rule: one, match: [exact("x-ai-eg-model", "gpt-4o")] },
  { rule: makeRouteRule("mini", { budgets: [shared, small] }), match: [exact("x-ai-eg-model", "gpt-4o-mini")] },
  { rule: two, match: [exact("x-tenant", "two")] },
]);
const selected = (headers: readonly (readonly [string, string])[] = []) =>
  selectRoute(config, makeView(headers), makeRequest("gpt-4o"));
const ids = ({ budgets }: { readonly budgets: ReturnType<typeof selected>["budgets"] }) =>
  budgets.map(({ rule }) => rule.id);

describe("selectRoute", () => {
  it("finds the rule of the model, and the budgets that match the requested model (§0)", () => {
    const selection = selected();
    expect(selection).to.include({ rule: one, model: "gpt-4o", requestedModel: "gpt-4o" });
    expect(ids(selection)).to.deep.equal(["ai/shared", "ai/large"]);
  });

  it("takes the budgets of every rule that matches, each once (§0)", () => {
    expect(ids(selected([["x-tenant", "two"]]))).to.deep.equal(["ai/shared", "ai/large", "ai/second"]);
  });

  it("names the models there are when no route serves the one that is asked for", () => {
    expect(() => selectRoute(config, makeView(), makeRequest("gpt-9")))
      .to.throw('no route serves the model "gpt-9"')
      .with.property("code", "unknown_model");
  });
});

describe("downgradeRoute", () => {
  const to = (model: string) => downgradeRoute(config, makeView(), selected(), { model, budgetId: "ai/shared" });

  it("matches once more with the new model: budgets that matched stay, those that match now are added (L35, §0)", () => {
    const selection = to("gpt-4o-mini");
    expect(selection.rule.id).to.equal("mini");
    expect(selection).to.include({ model: "gpt-4o-mini", requestedModel: "gpt-4o" });
    expect(ids(selection)).to.deep.equal(["ai/shared", "ai/large", "ai/small"]);
    expect(selection.warnings).to.deep.equal(["model_downgraded"]);
  });

  it("says which budget wanted a model that no route serves", () => {
    expect(() => to("gpt-9"))
      .to.throw('budget ai/shared replaces the model by "gpt-9" now, and no route serves that')
      .with.property("code", "no_usable_backend");
  });
});

import { expect } from "chai";
import type { RequestPlan } from "../../src/core/request-plan.ts";
import type { RuntimeConfig } from "../../src/core/runtime-config.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { plan, type ServeCheck } from "../../src/planning/plan.ts";
import { selectRoute } from "../../src/planning/select-route.ts";
import { makeRule } from "../ratelimit/support.ts";
import {
  exact,
  limitFor,
  makeBackend,
  makeConfig,
  makeCost,
  makeRef,
  makeRequest,
  makeRouteRule,
  makeView,
} from "./support.ts";

const context = {
  model: "m",
  backend: "b",
  routeName: "r",
  usage: {},
  quote: () => {
    throw new Error("no cost here is in dollars");
  },
};

function planFor(
  config: RuntimeConfig,
  {
    headers = [],
    model = "gpt-4o",
    serves = () => undefined,
  }: {
    readonly headers?: readonly (readonly [string, string])[];
    readonly model?: string;
    readonly serves?: ServeCheck;
  } = {},
): RequestPlan {
  const view = makeView(headers);
  return plan(config, view, selectRoute(config, view, makeRequest(model)), () => 0, serves);
}

function values(planned: RequestPlan): Record<string, number> {
  return Object.fromEntries(planned.costs.map((cost) => [cost.metadataKey, cost.evaluate(context).value]));
}

describe("plan", () => {
  it("resolves the model, takes the first rule that matches and its backends in order", () => {
    const rule = makeRouteRule("main", { backends: [makeRef("ai/anthropic", { priority: 1 }), makeRef("ai/openai")] });
    const config = makeConfig([{ rule, match: [exact("x-ai-eg-model", "gpt-4o")] }]);
    const planned = planFor(config, { headers: [["x-ai-eg-model", "gpt-4o"]], model: "claude" });
    expect(planned.model).to.equal("gpt-4o");
    expect(planned.rule).to.equal(rule);
    expect(planned.attempts.map(({ backend }) => backend.id)).to.deep.equal(["ai/openai", "ai/anthropic"]);
    expect(planned.warnings).to.deep.equal(["model_header_and_body_differ"]);
  });

  it("a model that no route serves is 404 and names the models there are", () => {
    const config = makeConfig([{ rule: makeRouteRule("r"), match: [exact("x-ai-eg-model", "gpt-4o")] }]);
    expect(() => planFor(config, { model: "nobody" }))
      .to.throw(GatewayError, /"nobody".*gpt-4o, gpt-4o-mini/)
      .that.includes({ code: "unknown_model", status: 404 });
  });

  it("L10: the limits of every rule that matches apply, each once, not only those of the rule that serves", () => {
    const shared = limitFor("shared");
    const config = makeConfig([
      { rule: makeRouteRule("first", { limits: [shared, limitFor("own")] }) },
      { rule: makeRouteRule("second", { limits: [limitFor("overlapping"), shared] }) },
      { rule: makeRouteRule("third", { limits: [limitFor("elsewhere")] }), match: [exact("x-ai-eg-model", "claude")] },
    ]);
    const { limits, rule } = planFor(config);
    expect(rule.id).to.equal("first");
    expect(limits.map(({ rule: limit }) => limit.id)).to.deep.equal(["shared", "own", "overlapping"]);
  });

  it("L10: a limit counts every route apart unless it is shared; a request that several routes match, on the one that serves", () => {
    const apart = makeRule({ id: "apart", perRoute: true });
    const shared = makeRule({ id: "shared" });
    const limits = [apart, shared];
    const config = makeConfig([
      { rule: makeRouteRule("one", { routeId: "ai/one", limits }), match: [exact("x-ai-eg-model", "gpt-4o")] },
      { rule: makeRouteRule("other", { routeId: "ai/other", limits }) },
    ]);
    const accounts = (model: string) =>
      planFor(config, { model, headers: [["x-user-id", "ada"]] }).limits.map(({ rule, account }) => [rule.id, account]);
    expect(accounts("gpt-4o")).to.deep.equal([
      ["apart", "v1|3:ada|6:ai/one"],
      ["shared", "v1|3:ada"],
    ]);
    expect(accounts("claude")).to.deep.equal([
      ["apart", "v1|3:ada|8:ai/other"],
      ["shared", "v1|3:ada"],
    ]);
  });

  it("L4: every key that an applicable limit reads has a cost: the other rule's, or 0", () => {
    const reads = (id: string, key: string) => makeRule({ id, selectors: [], responseCost: { from: "Metadata", key } });
    const asks = makeRule({ id: "asks", selectors: [], requestCost: { from: "Metadata", key: "nobody_writes_2" } });
    const config = makeConfig([
      {
        rule: makeRouteRule("first", {
          costs: [makeCost("tokens", 1)],
          limits: [reads("a", "tokens"), reads("b", "nobody_writes"), asks],
        }),
      },
      {
        rule: makeRouteRule("second", {
          costs: [makeCost("tokens", 9), makeCost("dollars", 5)],
          limits: [reads("c", "dollars")],
        }),
      },
    ]);
    expect(values(planFor(config))).to.deep.equal({
      tokens: 1,
      dollars: 5,
      nobody_writes: 0,
      nobody_writes_2: 0,
      llm_total_token: 0,
    });
  });

  it("L10: rules that find no account are told apart", () => {
    const limit = limitFor("user", { kind: "header", type: "Distinct", name: "x-user-id" });
    const config = makeConfig([{ rule: makeRouteRule("r", { limits: [limit] }) }]);
    expect(planFor(config).withoutAccount).to.deep.equal([limit]);
    expect(planFor(config).limits).to.deep.equal([]);
  });

  it("limits see the model before modelNameOverride", () => {
    const limit = limitFor("model", { kind: "header", type: "Distinct", name: "x-ai-eg-model" });
    const backends = [makeRef("ai/openai", { modelNameOverride: "upstream-name" })];
    const planned = planFor(makeConfig([{ rule: makeRouteRule("r", { backends, limits: [limit] }) }]));
    expect(planned.limits[0]?.account).to.equal("v1|6:gpt-4o");
    expect(planned.attempts[0]?.model).to.equal("upstream-name");
  });

  it("backends that cannot serve the request are dropped with the reason", () => {
    const rule = makeRouteRule("r", { backends: [makeRef("ai/openai"), makeRef("ai/anthropic", { priority: 1 })] });
    const planned = planFor(makeConfig([{ rule }]), {
      serves: ({ backend }) =>
        backend.id === "ai/openai" ? new GatewayError("n_not_supported", "only n = 1 is possible here") : undefined,
    });
    expect(planned.attempts.map(({ backend }) => backend.id)).to.deep.equal(["ai/anthropic"]);
    expect(planned.dropped).to.deep.equal([{ backendId: "ai/openai", reason: "only n = 1 is possible here" }]);
  });

  it("when no backend can serve it the client gets the refusal of the last", () => {
    const rule = makeRouteRule("r", {
      backends: [makeRef("ai/openai"), makeRef("ai/anthropic", { priority: 1 }), makeRef("ai/no-key", { priority: 2 })],
    });
    const backends = new Map([
      ["ai/openai", makeBackend("ai/openai")],
      ["ai/anthropic", makeBackend("ai/anthropic")],
      ["ai/no-key", makeBackend("ai/no-key", { unusable: "its Secret is missing" })],
    ]);
    const serves: ServeCheck = ({ backend }) =>
      new GatewayError(backend.id === "ai/openai" ? "n_not_supported" : "logprobs_not_supported", backend.id);
    expect(() => planFor(makeConfig([{ rule }], { backends }), { serves }))
      .to.throw(GatewayError, "ai/anthropic")
      .that.includes({ code: "logprobs_not_supported", status: 422 });
  });

  it("when no backend is usable it is 503 that names each with its reason", () => {
    const rule = makeRouteRule("r", {
      backends: [makeRef("ai/gone"), makeRef("ai/no-key")],
      attempts: { attemptsPerPriority: 2 },
    });
    const backends = new Map([["ai/no-key", makeBackend("ai/no-key", { unusable: "its Secret is missing" })]]);
    expect(() => planFor(makeConfig([{ rule }], { backends })))
      .to.throw(
        GatewayError,
        "no backend of route ai/llm can be used now (ai/gone: backend ai/gone was not found; ai/no-key: its Secret is missing)",
      )
      .that.includes({ code: "no_usable_backend", status: 503 });
  });

  it("a rule without backends, or with disabled ones only, is 503 too", () => {
    for (const refs of [[], [makeRef("ai/openai", { weight: 0 })]]) {
      expect(() => planFor(makeConfig([{ rule: makeRouteRule("r", { backends: refs }) }])))
        .to.throw(GatewayError, "no backend of route ai/llm can be used now")
        .that.includes({ code: "no_usable_backend" });
    }
  });
});

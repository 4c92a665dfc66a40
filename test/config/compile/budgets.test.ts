import { expect } from "chai";
import type { BudgetRule } from "../../../src/core/budget.ts";
import { aiResource, configOf, configureText, document, messages, type Options } from "../support.ts";

const secretless = (name: string) => aiResource("AIBackend", name, "{provider: vLLM}");
const backend = secretless("a");
const onModel = (model: string) => `matches: [{headers: [{name: x-ai-eg-model, value: ${model}}]}]`;
const route = (name = "r", more = "") =>
  aiResource(
    "AIGatewayRoute",
    name,
    `{${more}rules: [{name: one, backendRefs: [{name: a}]}, {name: two, matches: [{headers: [{name: h, value: v}]}], backendRefs: [{name: a}]}]}`,
  );
const budget = (spec: string, name = "b") => document("tollgate.dev/v1alpha1", "Budget", name, `{${spec}}`);
const settings = (spec: string) => document("tollgate.dev/v1alpha1", "TollgateConfig", "t", spec);
const trusting = settings("{identity: {trustedHeaders: [x-user-id, x-team-id]}}");
const tokens = "limit: {amount: 1000, unit: Tokens}";
const usd = 'limit: {amount: "100", unit: USD}';
const daily = "window: {every: Day}";

function ruleOf(spec: string): BudgetRule {
  const [rule] = configOf(route() + backend + trusting + budget(spec)).budgets.values();
  if (rule === undefined) throw new Error("there is no budget");
  return rule;
}

const budgetsOf = (text: string, rule: string) =>
  configOf(text)
    .rules.get(rule)
    ?.budgets.map(({ id }) => id);

describe("compileBudgets", () => {
  it("compiles the Budget of limits.md §3", () => {
    const spec = `
  targetRefs: [{kind: AIGatewayRoute, name: llm-route}]
  subject: [{header: x-user-id}]
  match: [{header: x-team-id, value: engineering}, {model: gpt-4o}]
  limit: {amount: "100", unit: USD}
  window: {every: Day, timeZone: UTC}
  enforcement: Hard
  estimate: UpperBound
  tiers:
    - {remainingBelowPercent: 50, action: Downgrade, model: gpt-4o-mini}
    - {remainingBelowPercent: 20, action: Reject}
  onStoreFailure: Deny`;
    const text =
      aiResource(
        "AIGatewayRoute",
        "ai-services/llm-route",
        `{rules: [{${onModel("gpt-4o")}, backendRefs: [{name: openai}]}, {${onModel("gpt-4o-mini")}, backendRefs: [{name: openai}]}]}`,
      ) +
      aiResource(
        "AIBackend",
        "ai-services/openai",
        "{provider: OpenAI, auth: {apiKeySecretRef: {name: key, key: k}}}",
      ) +
      "---\napiVersion: v1\nkind: Secret\nmetadata: {name: key, namespace: ai-services}\nstringData: {k: v}\n" +
      document("tollgate.dev/v1alpha1", "Budget", "ai-services/daily-100", spec);
    const configured = configureText(text, { strict: true });
    expect(messages(configured)).to.have.length(1);
    expect(messages(configured)[0]).to.match(/^22:\d+ spec.subject\[0\].header: warning: clients can write/);
    expect([...(configured.config?.budgets ?? [])]).to.deep.equal([
      [
        "ai-services/daily-100",
        {
          id: "ai-services/daily-100",
          subject: ["x-user-id"],
          match: [
            { kind: "header", name: "x-team-id", value: "engineering" },
            { kind: "model", model: "gpt-4o" },
          ],
          limit: 100_000_000_000n,
          unit: { kind: "USD" },
          window: { kind: "calendar", every: "Day", timeZone: "UTC" },
          enforcement: "Hard",
          estimate: "UpperBound",
          tiers: [
            { remainingBelowPercent: 20, action: "Reject" },
            { remainingBelowPercent: 50, action: "Downgrade", model: "gpt-4o-mini" },
          ],
          onStoreFailure: "Deny",
          unknownPrice: "Deny",
        },
      ],
    ]);
  });

  it("needs only a limit and a window; Hard, upper bounds and Deny are the defaults", () => {
    expect(ruleOf(`${tokens}, ${daily}`)).to.deep.equal({
      id: "default/b",
      subject: [],
      match: [],
      limit: 1000n,
      unit: { kind: "Tokens" },
      window: { kind: "calendar", every: "Day", timeZone: "UTC" },
      enforcement: "Hard",
      estimate: "UpperBound",
      tiers: [],
      onStoreFailure: "Deny",
      unknownPrice: "WorstCase",
    });
  });

  it("reads amounts exactly, as text or as numbers (L30)", () => {
    const limit = (amount: string, unit: string) => ruleOf(`limit: {amount: ${amount}, unit: ${unit}}, ${daily}`).limit;
    expect(limit("2.50", "USD")).to.equal(2_500_000_000n);
    expect(limit("0.1", "USD")).to.equal(100_000_000n);
    expect(limit('"0.000000001"', "USD")).to.equal(1n);
    expect(limit('"12345678.123456789"', "USD")).to.equal(12_345_678_123_456_789n);
    expect(limit('"4000000000"', "USD")).to.equal(4_000_000_000_000_000_000n);
    expect(limit("1e6", "Tokens")).to.equal(1_000_000n);
    expect(limit('"9007199254740993"', "Tokens")).to.equal(9_007_199_254_740_993n);
    expect(limit("5", "llm_total_token")).to.equal(5n);
    expect(limit("0", "Tokens")).to.equal(0n);
  });

  it("knows calendar windows with their zone and rolling ones", () => {
    const windowOf = (window: string) => ruleOf(`${tokens}, window: ${window}`).window;
    for (const every of ["Minute", "Hour", "Day", "Week", "Month", "Year"])
      expect(windowOf(`{every: ${every}, timeZone: Europe/Berlin}`)).to.deep.equal({
        kind: "calendar",
        every,
        timeZone: "Europe/Berlin",
      });
    expect(windowOf("{rolling: 24h}")).to.deep.equal({ kind: "rolling", lengthMs: 86_400_000 });
    expect(windowOf("{rolling: 1m}")).to.deep.equal({ kind: "rolling", lengthMs: 60_000 });
    expect(windowOf("{rolling: 8784h}")).to.deep.equal({ kind: "rolling", lengthMs: 366 * 86_400_000 });
  });

  it("has the tiers in the order of their thresholds (L35)", () => {
    const tiers =
      "tiers: [{remainingBelowPercent: 100, action: Downgrade, model: m}, {remainingBelowPercent: 2.5, action: Reject}, {remainingBelowPercent: 10, action: Queue, maxWaitSeconds: 30}]";
    expect(ruleOf(`${tokens}, ${daily}, ${tiers}`).tiers).to.deep.equal([
      { remainingBelowPercent: 2.5, action: "Reject" },
      { remainingBelowPercent: 10, action: "Queue", maxWaitMs: 30_000 },
      { remainingBelowPercent: 100, action: "Downgrade", model: "m" },
    ]);
  });

  it("denies a model without a price only for Hard budgets in USD, unless it is told what to do (L30)", () => {
    const unknownPrice = (more: string) => ruleOf(`${daily}, ${more}`).unknownPrice;
    expect(unknownPrice(usd)).to.equal("Deny");
    expect(unknownPrice(`${usd}, enforcement: Soft`)).to.equal("WorstCase");
    expect(unknownPrice(`${usd}, enforcement: Shadow`)).to.equal("WorstCase");
    expect(unknownPrice(`${usd}, unknownPrice: Allow`)).to.equal("Allow");
  });

  it("learns estimates for Soft and Shadow budgets (L31), and reads what happens without a store (L39)", () => {
    for (const enforcement of ["Soft", "Shadow"])
      expect(ruleOf(`${tokens}, ${daily}, enforcement: ${enforcement}, estimate: Learned`)).to.include({
        enforcement,
        estimate: "Learned",
      });
    expect(ruleOf(`${tokens}, ${daily}, onStoreFailure: Lease`).onStoreFailure).to.equal("Lease");
  });

  it("takes the header that stands for the model as the model", () => {
    const match = "match: [{header: X-AI-EG-Model, value: gpt-4o}, {model: 'gpt-*'}]";
    const rule = ruleOf(`${tokens}, ${daily}, ${match}, subject: [{header: X-AI-EG-Model}]`);
    expect(rule.match).to.deep.equal([
      { kind: "model", model: "gpt-4o" },
      { kind: "model", model: "gpt-*" },
    ]);
    expect(rule.subject).to.deep.equal(["x-ai-eg-model"]);
    expect(ruleOf(`${tokens}, ${daily}, match: [{model: 'gpt-*'}, {model: gpt-4o}]`).match).to.have.length(2);
  });

  it("keeps the id when the limit changes, and changes the configuration's version", () => {
    const of = (amount: number) =>
      configOf(route() + backend + budget(`limit: {amount: ${amount}, unit: Tokens}, ${daily}`));
    expect([...of(1).budgets.keys()]).to.deep.equal([...of(2).budgets.keys()]);
    expect(of(1).version).not.to.equal(of(2).version);
    expect(of(1).version).to.equal(of(1).version);
  });
});

describe("compileBudgets, targets", () => {
  const targeting = (name: string, targets: string) => budget(`targetRefs: [${targets}], ${tokens}, ${daily}`, name);

  it("is for every route of its namespace when it names no target", () => {
    const text =
      route() + route("other/r") + backend + secretless("other/a") + budget(`${tokens}, ${daily}`, "other/b");
    expect(budgetsOf(text, "other/r/one")).to.deep.equal(["other/b"]);
    expect(budgetsOf(text, "other/r/two")).to.deep.equal(["other/b"]);
    expect(budgetsOf(text, "default/r/one")).to.deep.equal([]);
  });

  it("attaches to routes by either kind, to one rule by sectionName, and to Gateways", () => {
    const text =
      route() +
      route("s", "parentRefs: [{name: gw}], ") +
      backend +
      targeting("b1", "{kind: HTTPRoute, name: r}, {kind: AIGatewayRoute, name: r}") +
      targeting("b2", "{group: aigateway.envoyproxy.io, kind: AIGatewayRoute, name: r, sectionName: two}") +
      targeting("b3", "{kind: Gateway, name: tollgate}") +
      targeting("b4", "{kind: Gateway, name: gw}");
    expect(budgetsOf(text, "default/r/one")).to.deep.equal(["default/b1", "default/b3", "default/b4"]);
    expect(budgetsOf(text, "default/r/two")).to.deep.equal(["default/b1", "default/b2", "default/b3", "default/b4"]);
    expect(budgetsOf(text, "default/s/one")).to.deep.equal(["default/b3", "default/b4"]);
    expect([...configOf(text).budgets.keys()]).to.deep.equal(["default/b1", "default/b2", "default/b3", "default/b4"]);
  });

  it("warns about a budget that limits nothing; strict refuses it (L11)", () => {
    const cases: readonly [string, string][] = [
      [
        route() + backend + targeting("b", "{kind: AIGatewayRoute, name: nowhere}"),
        "spec.targetRefs[0].name: warning: AIGatewayRoute default/nowhere was not found, so this budget limits nothing; add an AIGatewayRoute of this name",
      ],
      [
        route() + backend + targeting("b", "{kind: Gateway, name: nowhere}"),
        "spec.targetRefs[0].name: warning: Gateway default/nowhere was not found, so this budget limits nothing; add it, or target a route",
      ],
      [
        route() + backend + targeting("b", "{kind: HTTPRoute, name: r, sectionName: three}"),
        'spec.targetRefs[0].sectionName: warning: default/r has no rule named "three", so this budget limits nothing there; name one of its rules',
      ],
      [
        route() + backend + budget(`${tokens}, ${daily}`, "other/b"),
        "metadata.namespace: warning: namespace other has no AIGatewayRoute, so this budget limits nothing; put it where the routes are, or name them in targetRefs",
      ],
    ];
    for (const [text, message] of cases) {
      expect(messages(configureText(text)).map((one) => one.replace(/^\S+ /, ""))).to.deep.equal([message]);
      expect(configureText(text).config?.budgets.size).to.equal(1);
      expect(messages(configureText(text, { strict: true }), "error")).to.have.length(1);
    }
  });
});

describe("checkBudgetIdentity", () => {
  const told = (spec: string, more = "") =>
    messages(configureText(route() + backend + budget(`${spec}, ${tokens}, ${daily}`) + more));
  const used = "subject: [{header: X-User-Id}, {header: x-team-id}], match: [{header: x-team-id, value: a}]";

  it("warns once per Budget about headers that are trusted only by default (L38)", () => {
    const found = told(used);
    expect(found).to.have.length(1);
    expect(found[0]).to.contain(
      "spec.subject[0].header: warning: clients can write x-user-id and x-team-id themselves unless something before Tollgate sets it",
    );
    expect(told("match: [{header: x-team-id, value: a}]")[0]).to.contain("spec.match[0].header: warning: clients");
    expect(told(used, settings("{identity: {requireIdentity: true}}"))).to.have.length(1);
    expect(told(used, trusting)).to.deep.equal([]);
    expect(told("subject: [{header: x-ai-eg-model}], match: [{model: gpt-4o}]")).to.deep.equal([]);
  });

  it("refuses a header that nobody vouches for, and says where to list it (L38)", () => {
    expect(told("subject: [{header: x-org}]", trusting)[0]).to.contain(
      "spec.subject[0].header: the header x-org is not trusted, so it cannot say who pays; add it to identity.trustedHeaders in TollgateConfig",
    );
    expect(told("subject: [{header: x-org}]", settings("{identity: {trustedHeaders: [X-Org]}}"))).to.deep.equal([]);
  });
});

describe("checkBudgetCosts", () => {
  it("reports a unit that no cost rule of the route writes as unresolved (L4)", () => {
    const text = route() + backend + budget(`limit: {amount: 5, unit: llm_cents}, ${daily}`);
    expect(messages(configureText(text)).map((one) => one.replace(/^\S+ /, ""))).to.deep.equal([
      'spec.limit.unit: unresolved: no cost rule of default/r writes "llm_cents", so this budget would count nothing; add it to an LLMRequestCost in namespace default, or use one of USD, Tokens, llm_input_token, llm_output_token, llm_total_token',
    ]);
    const elsewhere = budget(
      `targetRefs: [{kind: AIGatewayRoute, name: s}], limit: {amount: 5, unit: llm_cents}, ${daily}`,
    );
    const counted = route("s", "llmRequestCosts: [{metadataKey: llm_cents, type: TotalToken}], ");
    expect(messages(configureText(route() + counted + backend + elsewhere), "unresolved")).to.deep.equal([]);
    const costs = "{llmRequestCosts: [{metadataKey: llm_cents, type: CEL, cel: output_tokens}]}";
    const configured = configureText(text + aiResource("LLMRequestCost", "c", costs));
    expect(messages(configured)).to.deep.equal([]);
    expect([...(configured.config?.budgets.values() ?? [])][0]?.unit).to.deep.equal({
      kind: "Cost",
      metadataKey: "llm_cents",
    });
  });
});

describe("checkDowngrades", () => {
  it("warns when no route serves the model of a tier (L35)", () => {
    const only = aiResource("AIGatewayRoute", "r", `{rules: [{${onModel("gpt-4o")}, backendRefs: [{name: a}]}]}`);
    const downgrade = (model: string) =>
      budget(`${tokens}, ${daily}, tiers: [{remainingBelowPercent: 50, action: Downgrade, model: ${model}}]`);
    expect(messages(configureText(only + backend + downgrade("gpt-4o-mini")))[0]).to.contain(
      "spec.tiers[0].model: warning: no route serves gpt-4o-mini",
    );
    expect(messages(configureText(only + backend + downgrade("gpt-4o")))).to.deep.equal([]);
    expect(messages(configureText(route() + backend + downgrade("gpt-4o-mini")))).to.deep.equal([]);
    const urgent = only.replace("{name: x-ai-eg-model,", "{name: priority, value: high}, {name: x-ai-eg-model,");
    expect(messages(configureText(urgent + backend + downgrade("gpt-4o")))).to.deep.equal([]);
  });
});

describe("warnAboutUnpricedBudgets", () => {
  const rules = (...written: string[]) =>
    aiResource("AIGatewayRoute", "r", `{rules: [${written.map((rule) => `{${rule}}`).join(", ")}]}`);
  const served = (model: string, more = "") => `${onModel(model)}, backendRefs: [{name: a${more}}]`;
  const told = (text: string, spec: string, options: Options = {}) =>
    messages(configureText(text + backend + trusting + budget(`${spec}, ${daily}`), options)).map((message) =>
      message.replace(/^\S+ spec.limit.unit: warning: /, ""),
    );

  it("tells which models have no price at which backend, and what is done with them (L30)", () => {
    const advice = "Add it to a PriceBook in namespace default";
    const text = rules(served("m1"), served("m2", ", weight: 0"), served("m1", ", priority: 1"));
    expect(told(text, usd)).to.deep.equal([
      `m1 of vllm (backend default/a) has no price, and unknownPrice Deny refuses it. ${advice}`,
    ]);
    expect(told(text, `${usd}, unknownPrice: Allow`)).to.deep.equal([
      `m1 of vllm (backend default/a) has no price, and unknownPrice Allow lets it pass uncounted. ${advice}`,
    ]);
    expect(told(text, `${usd}, enforcement: Soft`)[0]).to.match(
      /^m1 of vllm .* unknownPrice WorstCase counts it at .*: \d+\.\d+ dollars per million input tokens, \d+\.\d+ per million output tokens\. Add/,
    );
    expect(told(text, tokens)).to.deep.equal([]);
    const book = document(
      "tollgate.dev/v1alpha1",
      "PriceBook",
      "p",
      "{prices: [{models: [m1], perMillionTokens: {input: 0, output: 0}}]}",
    );
    expect(told(text + book, usd)).to.deep.equal([]);
  });

  it("looks only at models that count on the budget, and at those that its tiers change to (L30)", () => {
    const names = (text: string, spec: string) => told(text, `${usd}, ${spec}`).map((one) => one.split(" ")[0]);
    const named = rules(served("m1"), served("m2"), served("n1"));
    expect(names(named, "match: [{model: m2}]")).to.deep.equal(["m2"]);
    expect(names(rules(served("m1")), "match: [{model: m2}]")).to.deep.equal([]);
    expect(names(named, "match: [{model: 'm*'}]")).to.deep.equal(["m1", "m2"]);
    const catchAll = rules("backendRefs: [{name: a}]");
    expect(names(catchAll, "match: [{model: m2}]")).to.deep.equal(["m2"]);
    expect(names(catchAll, "match: [{model: 'm*'}]")).to.deep.equal([]);
    expect(names(rules("backendRefs: [{name: a, modelNameOverride: x}]"), "subject: []")).to.deep.equal(["x"]);
    const tier = "tiers: [{remainingBelowPercent: 50, action: Downgrade, model: n1}]";
    expect(names(named, `match: [{model: m2}], ${tier}`)).to.deep.equal(["m2", "n1"]);
    expect(names(catchAll, `match: [{model: m2}], ${tier}`)).to.deep.equal(["m2", "n1"]);
    const elsewhere = aiResource(
      "AIGatewayRoute",
      "other/r",
      `{rules: [{${onModel("n1")}, backendRefs: [{name: b}]}]}`,
    );
    expect(
      names(rules(served("m2")) + elsewhere + secretless("other/b"), `match: [{model: m2}], ${tier}`),
    ).to.deep.equal(["m2", "n1"]);
    expect(names(rules(served("m2")) + elsewhere + secretless("other/b"), "match: [{model: m2}]")).to.deep.equal([
      "m2",
    ]);
  });
});

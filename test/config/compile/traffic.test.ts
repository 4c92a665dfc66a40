import { expect } from "chai";
import type { LimitRule } from "../../../src/core/runtime-config.ts";
import { aiResource, configOf, configureText, document, messages, policy } from "../support.ts";

const backend = aiResource("AIBackend", "a", "{provider: vLLM}");
const route = (name = "r", more = "") =>
  aiResource(
    "AIGatewayRoute",
    name,
    `{${more}rules: [{name: one, backendRefs: [{name: a}]}, {name: two, matches: [{headers: [{name: h, value: v}]}], backendRefs: [{name: a}]}]}`,
  );
const target = (kind: string, name: string, more = "") =>
  `targetRefs: [{group: gateway.networking.k8s.io, kind: ${kind}, name: ${name}${more}}]`;
const limits = (...rules: string[]) => `rateLimit: {type: Global, global: {rules: [${rules.join(", ")}]}}`;
const tenPerHour = "{limit: {requests: 10, unit: Hour}}";
const labels = (text: string, rule: string) =>
  configOf(text)
    .rules.get(rule)
    ?.limits.map(({ label }) => label);

function limitOf(rule: string, annotations?: string): LimitRule {
  const text = policy("p", `{${target("HTTPRoute", "r")}, ${limits(rule)}}`, annotations);
  const [limit] = configOf(route() + backend + text).limits.values();
  if (limit === undefined) throw new Error("there is no limit");
  return limit;
}

describe("compileLimits", () => {
  it("charges one per request by default and nothing afterwards (L12)", () => {
    expect(limitOf(tenPerHour)).to.deep.include({
      label: "p rule 1",
      policyId: "default/p",
      limit: 10,
      unit: "Hour",
      selectors: [],
      requestCost: { from: "Number", number: 1 },
      responseCost: undefined,
    });
  });

  it("reads all kinds of selectors in the order written, those of all clientSelectors (L10)", () => {
    const selectors = [
      "{headers: [{name: X-User-Id, type: Distinct}, {name: x-plan, value: free}, {name: x-plan, type: RegularExpression, value: 'f.*', invert: true}]}",
      "{sourceCIDR: {value: 10.0.0.0/8}, methods: [{value: post}, {value: PUT, invert: true}], path: {value: /v1}}",
      "{path: {type: Exact, value: /v1/models, invert: true}}",
    ];
    const read = limitOf(`{clientSelectors: [${selectors.join(", ")}], limit: {requests: 1, unit: Day}}`).selectors;
    expect(read).to.deep.equal([
      { kind: "header", type: "Distinct", name: "x-user-id" },
      { kind: "header", type: "Exact", name: "x-plan", value: "free", invert: false },
      { kind: "header", type: "RegularExpression", name: "x-plan", source: "f.*", pattern: /^(?:f.*)$/, invert: true },
      { kind: "sourceCIDR", type: "Exact", cidr: "10.0.0.0/8" },
      {
        kind: "methods",
        methods: [
          { value: "POST", invert: false },
          { value: "PUT", invert: true },
        ],
      },
      { kind: "path", type: "Prefix", value: "/v1", invert: false },
      { kind: "path", type: "Exact", value: "/v1/models", invert: true },
    ]);
  });

  it("L10: counts every route apart, unless it says shared", () => {
    expect(limitOf(tenPerHour).perRoute).to.equal(true);
    expect(limitOf("{limit: {requests: 10, unit: Hour}, shared: false}").perRoute).to.equal(true);
    expect(limitOf("{limit: {requests: 10, unit: Hour}, shared: true}").perRoute).to.equal(false);
  });

  it("L16: knows that it counts micro-dollars when every cost that it reads on its routes is in USD", () => {
    const costs = (type: string) =>
      aiResource("LLMRequestCost", "c", `{llmRequestCosts: [{metadataKey: spent, type: ${type}}]}`);
    const read = "{from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: spent}}";
    const rule = (request: string) =>
      `{limit: {requests: 10, unit: Hour}, cost: {request: ${request}, response: ${read}}}`;
    const unit = (request: string, type: string, routes = route()) => {
      const text = policy("p", `{${target("HTTPRoute", "r")}, ${limits(rule(request))}}`);
      const [limit] = configOf(routes + backend + costs(type) + text).limits.values();
      return limit?.costUnit;
    };
    const free = "{from: Number, number: 0}";
    const tokens = "{from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: llm_input_token}}";
    expect(unit(free, "USD")).to.equal("MicroUsd");
    expect(unit(read, "USD")).to.equal("MicroUsd");
    expect(unit(free, "TotalToken")).to.equal(undefined);
    expect(unit(tokens, "USD")).to.equal(undefined);
    // the route's own rule for the key wins over the namespace's
    const own = "llmRequestCosts: [{metadataKey: spent, type: TotalToken}], ";
    expect(unit(free, "USD", route("r", own))).to.equal(undefined);
    expect(unit(free, "USD", route() + route("s", own))).to.equal("MicroUsd");
  });

  it("keeps the id when the number changes, and only then (L10)", () => {
    const idOf = (requests: number, unit: string, name = "x-user-id") =>
      limitOf(
        `{clientSelectors: [{headers: [{name: ${name}, type: Distinct}]}], limit: {requests: ${requests}, unit: ${unit}}}`,
      ).id;
    expect(idOf(10, "Hour")).to.match(/^default\/p\/[0-9a-f]{12}$/);
    expect(idOf(20, "Hour")).to.equal(idOf(10, "Hour"));
    expect(new Set([idOf(10, "Hour"), idOf(10, "Day"), idOf(10, "Hour", "x-team-id")]).size).to.equal(3);
  });

  it("has every unit, the policy's time zone (L14) and failure mode (L18), and shadow mode (L16)", () => {
    for (const unit of ["Second", "Minute", "Hour", "Day", "Week", "Month", "Year"])
      expect(limitOf(`{limit: {requests: 1, unit: ${unit}}}`).unit).to.equal(unit);
    const limit = limitOf(
      "{limit: {requests: 1, unit: Day}, shadowMode: true}",
      "{tollgate.dev/time-zone: Europe/Berlin, tollgate.dev/failure-mode: deny}",
    );
    expect(limit).to.include({ timeZone: "Europe/Berlin", failureMode: "deny", shadowMode: true });
  });

  it("takes the failure mode of the store's settings when the policy says none", () => {
    const settings = document("tollgate.dev/v1alpha1", "TollgateConfig", "t", "{store: {failureMode: allow}}");
    const config = configOf(
      route() + backend + settings + policy("p", `{${target("HTTPRoute", "r")}, ${limits(tenPerHour)}}`),
    );
    expect([...config.limits.values()][0]?.failureMode).to.equal("allow");
  });

  it("warns once that a client can leave the identity header out, unless that is refused (L10)", () => {
    const rule = (value: string) =>
      `{clientSelectors: [{headers: [{name: X-User-Id, type: Distinct}, {name: m, value: ${value}}]}], limit: {requests: 1, unit: Day}}`;
    const text = route() + backend + policy("p", `{${target("HTTPRoute", "r")}, ${limits(rule("a"), rule("b"))}}`);
    expect(messages(configureText(text))).to.have.length(1);
    expect(messages(configureText(text))[0]).to.contain(
      "warning: a request without the header X-User-Id is not limited by this",
    );
    const required = document("tollgate.dev/v1alpha1", "TollgateConfig", "t", "{identity: {requireIdentity: true}}");
    expect(messages(configureText(text + required))).to.deep.equal([]);
  });

  it("reports a key that no cost rule of the route writes as unresolved, at the key (L4)", () => {
    const cost = (key: string) =>
      `{limit: {requests: 1, unit: Day}, cost: {response: {from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: ${key}}}}}`;
    const text =
      route() +
      backend +
      policy("p", `{${target("HTTPRoute", "r")}, ${limits(cost("llm_total_token"), cost("llm_cents"))}}`);
    const configured = configureText(text);
    expect(messages(configured)).to.have.length(1);
    expect(messages(configured)[0]).to.contain(
      'spec.rateLimit.global.rules[1].cost.response.metadata.key: unresolved: no cost rule of default/r writes "llm_cents"',
    );
    const costs = aiResource(
      "LLMRequestCost",
      "c",
      "{llmRequestCosts: [{metadataKey: llm_cents, type: CEL, cel: output_tokens}]}",
    );
    expect(messages(configureText(text + costs))).to.deep.equal([]);
  });
});

describe("attachPolicies", () => {
  const withLimit = (name: string, targets: string) => policy(name, `{${targets}, ${limits(tenPerHour)}}`);

  it("attaches to an AIGatewayRoute by either kind (L11), and to one rule by sectionName", () => {
    const text =
      route() +
      backend +
      withLimit("p1", target("HTTPRoute", "r")) +
      withLimit("p2", target("AIGatewayRoute", "r", ", sectionName: two"));
    expect(labels(text, "default/r/one")).to.deep.equal(["p1 rule 1"]);
    expect(labels(text, "default/r/two")).to.deep.equal(["p1 rule 1", "p2 rule 1"]);
  });

  it("counts a policy once however often it targets a route", () => {
    const twice = "targetRefs: [{group: g, kind: HTTPRoute, name: r}, {group: g, kind: AIGatewayRoute, name: r}]";
    expect(labels(route() + backend + withLimit("p", twice), "default/r/one")).to.deep.equal(["p rule 1"]);
  });

  it("attaches a Gateway's policies to its routes, and to routes that name no Gateway", () => {
    const text =
      route("mine", "parentRefs: [{name: gw}], ") +
      route("other", "parentRefs: [{name: gw2}], ") +
      route("free", "hostnames: [x.example], ") +
      backend +
      withLimit("p", target("Gateway", "gw"));
    expect(labels(text, "default/mine/one")).to.deep.equal(["p rule 1"]);
    expect(labels(text, "default/other/one")).to.deep.equal([]);
    expect(labels(text, "default/free/one")).to.deep.equal(["p rule 1"]);
  });

  it("attaches policies for the Gateway tollgate to every route", () => {
    const text =
      route("other", "parentRefs: [{name: gw2}], ") + backend + withLimit("p", target("Gateway", "tollgate"));
    expect(labels(text, "default/other/one")).to.deep.equal(["p rule 1"]);
  });

  it("knows a Gateway by its resource, without a route that names it", () => {
    const gateway = document("gateway.networking.k8s.io/v1", "Gateway", "gw", "{gatewayClassName: x}");
    const text = route() + backend + withLimit("p", target("Gateway", "gw"));
    expect(messages(configureText(text))[0]).to.contain(
      "Gateway default/gw was not found, so this policy limits nothing",
    );
    expect(labels(text + gateway, "default/r/one")).to.deep.equal(["p rule 1"]);
  });

  it("warns about targets that do not exist; strict refuses them (L11)", () => {
    const text = withLimit("p", target("HTTPRoute", "nowhere"));
    const message =
      "5:79 spec.targetRefs[0].name: warning: HTTPRoute default/nowhere was not found, so this policy limits nothing; add an AIGatewayRoute of this name";
    expect(messages(configureText(text))).to.deep.equal([message]);
    expect(configureText(text).config?.limits.size).to.equal(0);
    expect(messages(configureText(text, { strict: true }), "error")).to.have.length(1);
    const plain = document("gateway.networking.k8s.io/v1", "HTTPRoute", "nowhere", "{rules: []}");
    expect(messages(configureText(text + plain), "warning")[0]).to.contain(
      "HTTPRoute default/nowhere is not made from an AIGatewayRoute",
    );
    expect(messages(configureText(withLimit("p", target("GRPCRoute", "r"))))[0]).to.contain(
      "a GRPCRoute cannot be a target",
    );
    const noRule = route() + backend + withLimit("p", target("HTTPRoute", "r", ", sectionName: three"));
    expect(messages(configureText(noRule))[0]).to.contain(
      'spec.targetRefs[0].sectionName: warning: default/r has no rule named "three", so this policy limits nothing there',
    );
  });

  it("tells members that have no effect", () => {
    const text =
      route() +
      backend +
      policy(
        "p",
        `{${target("HTTPRoute", "r")}, loadBalancer: {type: RoundRobin}, timeout: {tcp: {connectTimeout: 1s}, http: {connectionIdleTimeout: 1s}}}`,
      );
    expect(messages(configureText(text)).map((message) => message.split(" ").slice(1).join(" "))).to.deep.equal([
      "spec.loadBalancer: info: has no effect",
      "spec.timeout.tcp: info: has no effect",
      "spec.timeout.http.connectionIdleTimeout: info: has no effect",
    ]);
  });
});

describe("compileTraffic, retries", () => {
  const retryOf = (...policies: string[]) =>
    configOf(route() + backend + policies.join("")).rules.get("default/r/one")?.retry;

  it("has the default of resources.md §3 where no policy speaks", () => {
    expect(retryOf()).to.deep.include({
      attemptsPerPriority: 1,
      maxRetries: undefined,
      statusCodes: [429, 500, 502, 503, 504, 529],
    });
  });

  it("reads a policy's retries over the default; two retries unless it says how many", () => {
    const retry =
      "retry: {numAttemptsPerPriority: 2, retryOn: {httpStatusCodes: [503], triggers: [reset]}, perRetry: {backOff: {baseInterval: 1s, maxInterval: 5s}}}";
    expect(retryOf(policy("p", `{${target("HTTPRoute", "r")}, ${retry}}`))).to.deep.equal({
      attemptsPerPriority: 2,
      maxRetries: 2,
      statusCodes: [503],
      triggers: ["reset", "retriable-status-codes"],
      baseIntervalMs: 1000,
      maxIntervalMs: 5000,
    });
    expect(retryOf(policy("p", `{${target("HTTPRoute", "r")}, retry: {numRetries: 0}}`))).to.deep.include({
      maxRetries: 0,
      statusCodes: [429, 500, 502, 503, 504, 529],
    });
  });

  it("prefers the route's policy to the Gateway's, and the older to the newer with a warning", () => {
    const numRetries = (name: string, where: string, number: number, created = "") =>
      policy(name, `{${where}, retry: {numRetries: ${number}}}`).replace("metadata: {", `metadata: {${created}`);
    const gateway = numRetries("a", target("Gateway", "tollgate"), 1);
    const newer = numRetries("b", target("HTTPRoute", "r"), 2);
    const older = numRetries("c", target("HTTPRoute", "r"), 3, 'creationTimestamp: "2026-01-01T00:00:00Z", ');
    expect(retryOf(gateway, newer)?.maxRetries).to.equal(2);
    expect(retryOf(gateway, newer, older)?.maxRetries).to.equal(3);
    const told = messages(configureText(route() + backend + newer + older));
    expect(told).to.have.length(1);
    expect(told[0]).to.contain("spec.retry: warning: BackendTrafficPolicy default/c is older");
  });
});

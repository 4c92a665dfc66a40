import { expect } from "chai";
import { aiResource, configOf, configureText, document, messages, policy } from "../support.ts";

const backends = ["a", "b", "c"].map((name) => aiResource("AIBackend", name, "{provider: vLLM}")).join("");
const route = (spec: string, name = "r") => aiResource("AIGatewayRoute", name, spec);
const onModel = (model: string) => `matches: [{headers: [{name: x-ai-eg-model, value: ${model}}]}]`;
const ruleOf = (spec: string, more = backends) => {
  const [rule] = configOf(route(`{rules: [{${spec}}]}`) + more).routes[0]?.rules ?? [];
  if (rule === undefined) throw new Error("there is no rule");
  return rule;
};

describe("compileRoutes", () => {
  it("makes ranks of priorities and closes gaps", () => {
    const { backends: refs } = ruleOf(
      "backendRefs: [{name: a, priority: 7}, {name: b}, {name: c, priority: 7, weight: 0}]",
    );
    expect(refs.map(({ backendId, priority, weight }) => [backendId, priority, weight])).to.deep.equal([
      ["default/a", 1, 1],
      ["default/b", 0, 1],
      ["default/c", 1, 0],
    ]);
  });

  it("keeps a backend that is not there in its place, and reports it as unresolved", () => {
    const configured = configureText(route("{rules: [{backendRefs: [{name: a}, {name: z}]}]}") + backends);
    expect(messages(configured)).to.deep.equal([
      "5:49 spec.rules[0].backendRefs[1].name: unresolved: AIBackend or AIServiceBackend default/z was not found; add it",
    ]);
    expect(configured.config?.routes[0]?.rules[0]?.backends[1]?.backendId).to.equal("default/z");
  });

  it("needs a ReferenceGrant for a named namespace when strict", () => {
    const elsewhere = aiResource("AIBackend", "other/z", "{provider: vLLM}");
    const cross = route("{rules: [{backendRefs: [{name: z, namespace: other}]}]}") + elsewhere;
    const grant = document(
      "gateway.networking.k8s.io/v1beta1",
      "ReferenceGrant",
      "other/g",
      "{from: [{group: aigateway.envoyproxy.io, kind: AIGatewayRoute, namespace: default}], to: [{group: aigateway.envoyproxy.io, kind: AIBackend}]}",
    );
    expect(messages(configureText(cross))[0]).to.contain(
      "warning: AIBackend or AIServiceBackend other/z is in another namespace",
    );
    expect(configureText(cross, { strict: true }).config).to.equal(undefined);
    expect(messages(configureText(cross + grant.replace("v1beta1", "v1"), { strict: true }))).to.deep.equal([]);
    expect(messages(configureText(cross + grant.replace("namespace: default}]", "namespace: third}]")))).to.have.length(
      1,
    );
  });

  it("names rules by their name or their content, never by their place", () => {
    const idsOf = (rules: string) => [...configOf(route(`{rules: [${rules}]}`) + backends).rules.keys()];
    const one = `{${onModel("m1")}, backendRefs: [{name: a}]}`;
    const two = `{name: second, ${onModel("m2")}, backendRefs: [{name: b}]}`;
    const [first, second] = idsOf(`${one}, ${two}`);
    expect(first).to.match(/^default\/r\/[0-9a-f]{12}$/);
    expect(second).to.equal("default/r/second");
    expect(idsOf(`${two}, ${one}`)).to.deep.equal([second, first]);
  });

  it("warns about a rule that repeats an earlier one", () => {
    const rule = `{${onModel("m")}, backendRefs: [{name: a}]}`;
    const configured = configureText(route(`{rules: [${rule}, ${rule}]}`) + backends);
    expect(messages(configured)[0]).to.contain("spec.rules[1]: warning: an earlier rule says the same");
    expect(configured.config?.routes[0]?.rules).to.have.length(1);
  });

  it("compiles matches, header names in lower case", () => {
    const { matches } = ruleOf(
      "matches: [{headers: [{name: X-Tier, value: Gold}, {name: x-ai-eg-model, type: RegularExpression, value: 'gpt-.*'}]}, {}], backendRefs: [{name: a}]",
    );
    expect(matches[0]?.[0]).to.deep.equal({ type: "Exact", name: "x-tier", value: "Gold" });
    expect(matches[0]?.[1]).to.deep.include({ type: "RegularExpression", source: "gpt-.*" });
    expect(matches[1]).to.deep.equal([]);
  });

  it("takes time-outs from the rule, else the policy, else the settings", () => {
    const traffic = policy(
      "p",
      "{targetRefs: [{group: g, kind: AIGatewayRoute, name: r}], timeout: {http: {requestTimeout: 30s}}, retry: {perRetry: {timeout: 5s}}}",
    );
    const timesOf = (spec: string, more: string) => {
      const rule = ruleOf(`backendRefs: [{name: a}]${spec}`, backends + more);
      return [rule.requestTimeoutMs, rule.perTryTimeoutMs, rule.jsonPerTryTimeoutMs, rule.streamIdleTimeoutMs];
    };
    expect(timesOf("", "")).to.deep.equal([600_000, 120_000, undefined, 60_000]);
    expect(timesOf("", traffic)).to.deep.equal([30_000, 5_000, 5_000, 60_000]);
    expect(timesOf(", timeouts: {request: 10s, backendRequest: 2s}, streamIdleTimeout: 7s", traffic)).to.deep.equal([
      10_000, 2_000, 2_000, 7_000,
    ]);
  });

  it("warns once per model and backend of another vendor, unless something says what to send", () => {
    const anthropic = (spec: string) =>
      aiResource("AIBackend", "x", `{provider: Anthropic, endpoint: 'http://localhost:1'${spec}}`);
    const warnings = (ref: string, spec = "") =>
      messages(
        configureText(route(`{rules: [{${onModel("gpt-4o")}, backendRefs: [${ref}]}]}`) + anthropic(spec)),
        "warning",
      );
    expect(warnings("{name: x}")).to.have.length(1);
    expect(warnings("{name: x, weight: 0}")).to.deep.equal([]);
    expect(warnings("{name: x, modelNameOverride: claude-x}")).to.deep.equal([]);
    expect(warnings("{name: x}", ", model: claude-x")).to.deep.equal([]);
    expect(warnings("{name: x}", ", models: {gpt-4o: claude-x}")).to.deep.equal([]);
    expect(warnings("{name: x}", ", models: {gpt-4: claude-x}")).to.have.length(1);
  });
});

describe("compileCandidates", () => {
  it("orders matches of all routes: more headers, Exact before regular expressions, older, then by name", () => {
    const rule = (name: string, headers: string) =>
      `{name: ${name}, matches: [{headers: [${headers}]}], backendRefs: [{name: a}]}`;
    const old = route(`{rules: [${rule("old", "{name: h, value: v}")}]}`, "zz").replace(
      "metadata: {",
      'metadata: {creationTimestamp: "2026-01-01T00:00:00Z", ',
    );
    const text = [
      route(
        `{rules: [{name: any, backendRefs: [{name: a}]}, ${rule("regex", "{name: h, type: RegularExpression, value: v}")}]}`,
        "a",
      ),
      route(`{rules: [${rule("exact", "{name: h, value: v}")}, ${rule("second", "{name: h, value: w}")}]}`, "c"),
      route(`{rules: [${rule("two", "{name: h, type: RegularExpression, value: v}, {name: i, value: v}")}]}`, "d"),
      old,
    ].join("");
    const { candidates } = configOf(text + backends);
    expect(candidates.map((candidate) => candidate.rule.id.split("/")[2])).to.deep.equal([
      "two",
      "old",
      "exact",
      "second",
      "regex",
      "any",
    ]);
  });

  it("warns when two routes match the same requests, unless their host names differ", () => {
    const same = `rules: [{${onModel("m")}, backendRefs: [{name: a}]}]`;
    const overlaps = (first: string, second: string) =>
      messages(configureText(route(`{${first}${same}}`, "r1") + route(`{${second}${same}}`, "r2") + backends));
    expect(overlaps("", "")).to.have.length(1);
    expect(overlaps("", "")[0]).to.contain(
      "AIGatewayRoute default/r1 matches the same requests (x-ai-eg-model: m) and serves them",
    );
    expect(overlaps("hostnames: [a.example], ", "hostnames: [b.example], ")).to.deep.equal([]);
  });
});

describe("compileModels", () => {
  const config = (model: string) =>
    document("tollgate.dev/v1alpha1", "TollgateConfig", "t", `{defaults: {model: ${model}}}`);
  const regex = route(
    "{rules: [{matches: [{headers: [{name: x-ai-eg-model, type: RegularExpression, value: 'gpt-.*'}]}], backendRefs: [{name: a}]}]}",
  );

  it("lists the models that routes name exactly, sorted", () => {
    const text = route(
      `{rules: [{${onModel("z")}, backendRefs: [{name: a}]}, {${onModel("b")}, backendRefs: [{name: a}]}]}`,
    );
    expect(configOf(text + backends).models).to.deep.equal(["b", "z"]);
  });

  it("lists the default model if a route serves it, else warns", () => {
    expect(configOf(regex + backends + config("gpt-9")).models).to.deep.equal(["gpt-9"]);
    const configured = configureText(regex + backends + config("claude"));
    expect(configured.config?.models).to.deep.equal([]);
    expect(messages(configured)[0]).to.contain("spec.defaults.model: warning: no route serves claude");
  });
});

import { expect } from "chai";
import type { Quota } from "../../../src/core/runtime-config.ts";
import { aiResource, configOf, configureText, document, messages } from "../support.ts";

const backends = aiResource("AIBackend", "a", "{provider: vLLM}") + aiResource("AIBackend", "b", "{provider: vLLM}");
const target = (name = "a", kind = "AIBackend") => `{group: aigateway.envoyproxy.io, kind: ${kind}, name: ${name}}`;
const policy = (spec: string, annotations?: string, targets = [target()]) =>
  document(
    "aigateway.envoyproxy.io/v1alpha1",
    "QuotaPolicy",
    "q",
    `{targetRefs: [${targets.join(", ")}], ${spec}}`,
    annotations,
  );
const service = (limit = 100, more = "") => `serviceQuota: {${more}quota: {limit: ${limit}, duration: 1h}}`;

function quotasOf(text: string, backend = "a"): readonly Quota[] {
  return configOf(backends + text).quotas.get(`default/${backend}`) ?? [];
}

describe("compileQuotas", () => {
  it("reads a service quota: everything sent to the backend, by total tokens", () => {
    const [quota, ...others] = quotasOf(policy(service()));
    expect(others).to.deep.equal([]);
    expect(quota).to.deep.include({ policyId: "default/q", model: undefined });
    expect(
      quota?.buckets.map(({ label, limit, unit, selectors }) => ({ label, limit, unit, selectors })),
    ).to.deep.equal([{ label: "q service quota", limit: 100, unit: "Hour", selectors: [] }]);
    const usage = { input: 3, output: 4, total: 9 };
    const quote = () => {
      throw new Error("no price is needed");
    };
    const context = { model: "m", backend: "b", routeName: "r", usage, quote };
    expect(quota?.cost.evaluate(context)).to.deep.equal({ value: 9 });
    const [dear] = quotasOf(policy(service(100, 'costExpression: "input_tokens + 10 * output_tokens", ')));
    expect(dear?.cost.evaluate(context)).to.deep.equal({ value: 43 });
  });

  it("reads a model's buckets: rules in the order written, and the default for whom no rule is", () => {
    const rules = `[
      {clientSelectors: [{headers: [{name: X-Team, value: gold}, {name: x-user, type: Distinct}]}], quota: {limit: 5, duration: 1m}},
      {clientSelectors: [{headers: [{name: x-team, value: new}]}], quota: {limit: 6, duration: 1d}, shadowMode: true}]`;
    const quota = `{mode: Shared, defaultBucket: {limit: 7, duration: 1s}, bucketRules: ${rules}}`;
    const [read] = quotasOf(policy(`perModelQuotas: [{modelName: gpt-4o, quota: ${quota}}]`));
    expect(read?.model).to.equal("gpt-4o");
    expect(read?.buckets.map(({ label, limit, unit, shadowMode }) => [label, limit, unit, shadowMode])).to.deep.equal([
      ["q quota of gpt-4o rule 1", 5, "Minute", false],
      ["q quota of gpt-4o rule 2", 6, "Day", true],
      ["q quota of gpt-4o", 7, "Second", false],
    ]);
    expect(read?.buckets[0]?.selectors).to.deep.equal([
      { kind: "header", type: "Exact", name: "x-team", value: "gold", invert: false },
      { kind: "header", type: "Distinct", name: "x-user" },
    ]);
  });

  it("gives every backend counters of its own, which an edited limit keeps", () => {
    const targets = [target("a"), target("b"), target("a")];
    const id = (limit: number, backend: string) =>
      quotasOf(policy(service(limit), undefined, targets), backend).map(({ buckets }) => buckets[0]?.id);
    expect(id(1, "a")).to.have.length(1);
    expect(id(1, "a")).to.deep.equal(id(2, "a"));
    expect(id(1, "a")).not.to.deep.equal(id(1, "b"));
    const [expression] = quotasOf(policy(service(1, "costExpression: input_tokens, ")));
    expect(expression?.buckets[0]?.id).not.to.equal(id(1, "a")[0]);
  });

  it("has the policy's time zone (L14) and failure mode (L18)", () => {
    const annotations = "{tollgate.dev/time-zone: Europe/Berlin, tollgate.dev/failure-mode: deny}";
    expect(quotasOf(policy(service(), annotations))[0]?.buckets[0]).to.include({
      timeZone: "Europe/Berlin",
      failureMode: "deny",
    });
    expect(quotasOf(policy(service()))[0]?.buckets[0]).to.include({ timeZone: "UTC", failureMode: "local" });
  });

  it("warns that a client can leave its header out where there is no default bucket (L10)", () => {
    const rules =
      "bucketRules: [{clientSelectors: [{headers: [{name: x-user, type: Distinct}]}], quota: {limit: 5, duration: 1m}}]";
    const told = (more: string) =>
      messages(
        configureText(backends + policy(`perModelQuotas: [{modelName: m, quota: {${rules}${more}}}]`)),
        "warning",
      );
    expect(told("").join("\n")).to.contain(
      "spec.perModelQuotas[0].quota.bucketRules: warning: a request without the header x-user is not counted by this; add a defaultBucket",
    );
    expect(told(", defaultBucket: {limit: 1, duration: 1m}").join("\n")).to.not.contain("x-user");
  });

  it("warns about a target that does not exist; strict refuses it", () => {
    const text = backends + policy(service(), undefined, [target("nobody")]);
    const message = "AIBackend default/nobody was not found, so this policy limits nothing there; add it";
    expect(messages(configureText(text), "warning").join("\n")).to.contain(
      `spec.targetRefs[0].name: warning: ${message}`,
    );
    expect(messages(configureText(text, { strict: true }), "error").join("\n")).to.contain(
      `spec.targetRefs[0].name: ${message}`,
    );
    expect(configOf(text).quotas.size).to.equal(0);
  });
});

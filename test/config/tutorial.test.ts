import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { configure } from "../../src/config/configure.ts";
import { load } from "../../src/config/load.ts";
import type { RuntimeConfig } from "../../src/core/runtime-config.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";
import { pairs } from "./support.ts";

const folder = "envoy/resources/tutorial";
const keys = { OPENAI_API_KEY: "sk-test", ANTHROPIC_API_KEY: "sk-ant-test" };

function loaded(paths: readonly string[], env: Readonly<Record<string, string>> = keys, strict = false) {
  return configure({ files: load(paths), env, strict, pairs, compileCost: compileCostRule, makePriceBook });
}

function ruleFor(config: RuntimeConfig | undefined, routeId: string, model: string) {
  const route = config?.routes.find(({ id }) => id === routeId);
  return route?.rules.find(({ matches }) =>
    matches.some(([match]) => match?.type === "Exact" && match.value === model),
  );
}

describe("configure, the tutorial's resources", () => {
  for (const name of readdirSync(folder)) {
    it(`accepts ${name} alone, as written`, () => {
      const { config, diagnostics } = loaded([join(folder, name)]);
      expect(diagnostics.filter(({ severity }) => severity === "error")).to.deep.equal([]);
      expect(config).not.to.equal(undefined);
    });
  }

  it("accepts all of them together, with nothing unresolved when the keys are in the environment", () => {
    const { config, diagnostics, resourceCount } = loaded([folder]);
    expect(diagnostics.map(({ severity }) => severity)).not.to.include.members(["error"]);
    expect(diagnostics.filter(({ severity }) => severity === "unresolved")).to.deep.equal([]);
    expect(config?.models).to.deep.equal(["gpt-4o", "gpt-4o-mini"]);
    expect(config?.settings.modelSelection).to.equal("HeaderFirst");
    expect(resourceCount).to.equal(16);
  });

  it("limits the route by every policy that targets it, also those of the namespace default (L11)", () => {
    const { config } = loaded([folder]);
    const limits = ruleFor(config, "ai-services/llm-route", "gpt-4o-mini")?.limits.map(
      ({ label, limit, unit }) => `${label}: ${limit}/${unit}`,
    );
    expect(limits).to.deep.equal([
      "model-specific-limits rule 1: 50000/Hour",
      "model-specific-limits rule 2: 500000/Hour",
      "team-budgets rule 1: 10000000/Day",
      "team-budgets rule 2: 2000000/Day",
      "token-budget-per-user rule 1: 100000/Hour",
      "exercise-model-limits rule 1: 5000/Hour",
      "exercise-model-limits rule 2: 100000/Hour",
      "exercise-token-budget rule 1: 10000/Hour",
    ]);
  });

  it("checks before the request without taking anything, and charges total tokens after it (L12)", () => {
    const { config } = loaded([folder]);
    const limit = [...(config?.limits.values() ?? [])].find(
      ({ policyId }) => policyId === "ai-services/token-budget-per-user",
    );
    expect(limit).to.deep.include({
      selectors: [{ kind: "header", type: "Distinct", name: "x-user-id" }],
      requestCost: { from: "Number", number: 0 },
      responseCost: { from: "Metadata", key: "llm_total_token" },
      timeZone: "UTC",
      shadowMode: false,
      failureMode: "local",
    });
  });

  it("records tokens and cents for the routes of the costs' namespace (L4)", () => {
    const { config } = loaded([folder]);
    const keysOf = (route: string) =>
      ruleFor(config, route, "gpt-4o")?.costs.map(({ metadataKey, type }) => `${metadataKey} ${type}`);
    const three = ["llm_input_token InputToken", "llm_output_token OutputToken", "llm_total_token TotalToken"];
    expect(keysOf("ai-services/llm-route")).to.deep.equal(["llm_cost_cents CEL", ...three]);
    expect(keysOf("default/exercise-fallback")).to.deep.equal(three);
  });

  it("makes ranks of the fallback's priorities and finds the backends in the other namespace", () => {
    const { config, diagnostics } = loaded([folder]);
    expect(ruleFor(config, "default/exercise-fallback", "gpt-4o")?.backends).to.deep.equal([
      {
        backendId: "ai-services/openai-backend",
        priority: 0,
        weight: 1,
        modelNameOverride: undefined,
        headerMutation: undefined,
      },
      {
        backendId: "ai-services/anthropic-backend",
        priority: 1,
        weight: 1,
        modelNameOverride: undefined,
        headerMutation: undefined,
      },
    ]);
    const cross = diagnostics.filter(({ message }) => message.includes("the one in ai-services is used"));
    expect(cross.map(({ severity }) => severity)).to.deep.equal(["warning", "warning", "warning", "warning"]);
  });

  it("refuses references across namespaces when strict", () => {
    const { config, diagnostics } = loaded([folder], keys, true);
    expect(config).to.equal(undefined);
    expect(diagnostics.filter(({ severity }) => severity === "error")).to.have.length(4);
  });

  it("warns that Anthropic has no gpt-4o and says what it is sent instead", () => {
    const { diagnostics } = loaded([folder]);
    const warning = diagnostics.find(
      ({ file, path }) => file.endsWith("05-fallback.yaml") && path.includes("backendRefs"),
    );
    expect(warning).to.include({ severity: "warning", line: 16, column: 17 });
    expect(warning?.message).to.contain("anthropic does not serve gpt-4o; it is sent claude-sonnet-4-20250514");
  });

  it("keeps a backend whose key is not set, says that it is unusable, and reports it as unresolved", () => {
    const { config, diagnostics } = loaded([folder], {});
    expect(config?.backends.get("ai-services/openai-backend")?.unusable).to.equal(
      "the environment variable OPENAI_API_KEY of Secret ai-services/openai-credentials is not set",
    );
    expect(diagnostics.filter(({ severity }) => severity === "unresolved")).to.have.length(2);
  });

  it("says which Secret was not found (resources.md §1)", () => {
    const { config, diagnostics } = loaded([join(folder, "06-backends.yaml")]);
    expect(config?.backends.get("ai-services/openai-backend")).to.deep.include({
      unusable: "Secret ai-services/openai-credentials was not found",
      auth: { type: "None" },
    });
    expect(diagnostics[0]).to.include({ severity: "unresolved", line: 10, column: 13 });
    expect(diagnostics[0]?.message).to.contain(
      "kubectl create secret generic openai-credentials -n ai-services --from-literal=api-key=",
    );
  });
});

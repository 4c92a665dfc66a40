import { expect } from "chai";
import { configure } from "../../src/config/configure.ts";
import { renderDiagnostic } from "../../src/config/diagnostics.ts";
import { load } from "../../src/config/load.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import { makePriceBook } from "../../src/metering/price-book.ts";
import { pairs } from "./support.ts";

const demo = () =>
  configure({
    files: load(["envoy/resources/demo"]),
    env: {},
    strict: true,
    pairs,
    compileCost: compileCostRule,
    makePriceBook,
  });

describe("configure, the demo's resources", () => {
  it("loads them with no environment at all; the one warning is about requests that name no user", () => {
    const { config, diagnostics } = demo();
    expect(diagnostics.map(renderDiagnostic)).to.have.length(1);
    expect(diagnostics[0]?.message).to.contain("without the header x-user-id");
    expect(config?.models).to.deep.equal([
      "amazon.nova-lite-v1:0",
      "claude-sonnet-4-20250514",
      "gpt-4o",
      "gpt-4o-mini",
    ]);
    expect(config?.settings.defaults.model).to.equal("gpt-4o-mini");
  });

  it("sends every provider's requests to a mock over plain HTTP", () => {
    const { config, mocks } = demo();
    expect(mocks.map(({ id, provider, port }) => `${id} ${provider} ${port}`)).to.deep.equal([
      "ai-services/anthropic-backend Anthropic 0",
      "ai-services/bedrock-backend AWSBedrock 0",
      "ai-services/openai-backend OpenAI 0",
    ]);
    for (const backend of config?.backends.values() ?? []) {
      expect(backend.endpoint).to.include({ hostname: "127.0.0.1", tls: undefined });
      expect(backend.unusable).to.equal(undefined);
    }
  });

  it("falls back from OpenAI to Anthropic for gpt-4o, with Anthropic's name for the model", () => {
    const { config } = demo();
    const refs = config?.rules.get("ai-services/llm-route/gpt-4o")?.backends;
    expect(
      refs?.map(({ backendId, priority, modelNameOverride }) => [backendId, priority, modelNameOverride]),
    ).to.deep.equal([
      ["ai-services/openai-backend", 0, undefined],
      ["ai-services/anthropic-backend", 1, "claude-sonnet-4-20250514"],
    ]);
  });

  for (const exercise of ["1-tokens", "2-token-budget", "3-model-limits", "4-fallback"]) {
    it(`takes the tutorial's exercise ${exercise} beside it, as the README says`, () => {
      const paths = ["envoy/resources/demo", `envoy/resources/tutorial/exercise-${exercise}.yaml`];
      const { config, diagnostics } = configure({
        files: load(paths),
        env: {},
        strict: false,
        pairs,
        compileCost: compileCostRule,
        makePriceBook,
      });
      expect(diagnostics.filter(({ severity }) => severity === "error" || severity === "unresolved")).to.deep.equal([]);
      expect(config).not.to.equal(undefined);
    });
  }

  it("prefers the rule for urgent requests to the rules for models", () => {
    expect(demo().config?.candidates[0]?.rule.id).to.equal("ai-services/llm-route/high-priority");
  });
});

import { expect } from "chai";
import type { Quote } from "../../../src/core/prices.ts";
import { aiResource, configOf, configureText, document, messages, secret } from "../support.ts";

const backends =
  secret("ai/key", "{k: v}") +
  aiResource("AIBackend", "ai/openai", "{provider: OpenAI, auth: {apiKeySecretRef: {name: key, key: k}}}") +
  aiResource("AIBackend", "ai/local", "{provider: vLLM}");
const book = (name: string, ...prices: string[]) =>
  document("tollgate.dev/v1alpha1", "PriceBook", name, `{prices: [${prices.join(", ")}]}`);
const atMs = Date.UTC(2026, 5, 1);

function quote(text: string, model: string, backend = "openai", timeMs = atMs): Quote {
  const provider = backend === "local" ? "vllm" : "openai";
  return configOf(text + backends).prices.quote({ provider, backendId: `ai/${backend}`, model, atMs: timeMs });
}

describe("compilePrices", () => {
  it("L30: reads every rate as integer nano-dollars, written as text or as a number", () => {
    const rates = `{input: "2.50", output: 10, cacheRead: 0.003625, cacheWrite: 3.75, cacheWrite1h: "6.00"}`;
    const text = book("ai/ours", `{models: [m], perMillionTokens: ${rates}}`);
    expect(quote(text, "m")).to.deep.equal({
      known: true,
      price: {
        rates: {
          input: 2_500_000_000,
          output: 10_000_000_000,
          cacheRead: 3_625_000,
          cacheWrite: 3_750_000_000,
          cacheWrite1h: 6_000_000_000,
        },
        longContext: [],
        source: "PriceBook ai/ours",
      },
    });
  });

  it("L30: reads the tiers, each with rates and steps of its own", () => {
    const own = (input: number, more = "") => `{perMillionTokens: {input: ${input}, output: 1}${more}}`;
    const step = ", longContext: [{inputTokensAbove: 5, perMillionTokens: {input: 9, output: 1}}]";
    const tiers = `{flex: ${own(1)}, priority: ${own(4, step)}, batch: ${own(2)}}`;
    const text = book("ai/ours", `{models: [m], perMillionTokens: {input: 3, output: 1}, tiers: ${tiers}}`);
    const { flex, priority, batch } = quote(text, "m").price.tiers ?? {};
    expect([flex, priority, batch].map((tier) => tier?.rates.input)).to.deep.equal([1e9, 4e9, 2e9]);
    expect(priority?.longContext.map(({ rates }) => rates.input)).to.deep.equal([9e9]);
    expect(flex?.longContext).to.deep.equal([]);
  });

  it("L30: sorts long-context steps", () => {
    const step = (above: number, input: number) =>
      `{inputTokensAbove: ${above}, perMillionTokens: {input: ${input}, output: 1}}`;
    const text = book(
      "ai/ours",
      `{models: [m], perMillionTokens: {input: 1, output: 1}, longContext: [${step(200, 3)}, ${step(100, 2)}]}`,
    );
    const { longContext } = quote(text, "m").price;
    expect(longContext.map((one) => [one.inputTokensAbove, one.rates.input])).to.deep.equal([
      [100, 2_000_000_000],
      [200, 3_000_000_000],
    ]);
  });

  it("L30: prices are dated, and for a provider, a backend or all", () => {
    const flat = (input: number) => `perMillionTokens: {input: ${input}, output: 0}`;
    const text = book(
      "ai/ours",
      `{models: ["*"], ${flat(1)}}`,
      `{models: [gpt-4o], provider: openai, ${flat(2)}}`,
      `{models: [gpt-4o], provider: OpenAI, from: 2026-07-01, until: "2026-08-01T00:00:00+02:00", ${flat(3)}}`,
      `{models: ["llama*"], backendRef: {name: local}, ${flat(0)}}`,
    );
    const input = (model: string, backend?: string, timeMs?: number) =>
      quote(text, model, backend, timeMs).price.rates.input / 1e9;
    expect(input("gpt-4o")).to.equal(2);
    expect(input("gpt-4o", "openai", Date.UTC(2026, 6, 1))).to.equal(3);
    expect(input("gpt-4o", "openai", Date.UTC(2026, 6, 31, 22))).to.equal(2);
    expect(input("gpt-4o", "local")).to.equal(1);
    expect(input("llama-3", "local")).to.equal(0);
    expect(input("llama-3", "openai")).to.equal(1);
  });

  it("a backend that is not there is unresolved", () => {
    const text = book("ai/ours", `{models: [m], backendRef: {name: opanai}, perMillionTokens: {input: 1, output: 1}}`);
    expect(messages(configureText(text + backends), "unresolved")).to.have.length(1);
    expect(messages(configureText(text + backends))[0])
      .to.contain("spec.prices[0].backendRef.name")
      .and.contain("opanai");
  });

  it("warns once about a book of which no backend can have a price", () => {
    const price = (provider: string) => `{models: [m], ${provider} perMillionTokens: {input: 1, output: 1}}`;
    const text =
      book("other/ours", price(""), price("provider: OpenAI,")) +
      book("ai/groq", price("provider: Groq,"), price("provider: Mistral,")) +
      book("ai/many", price("provider: Gemini,"), price("provider: OpenAI,"));
    const warnings = messages(configureText(text + backends), "warning");
    expect(warnings.map((line) => line.replace(/^.*warning: /, ""))).to.deep.equal(
      ["other", "ai"].map(
        (name) =>
          `no backend in namespace ${name} can have one of these prices; put the PriceBook where the backends are`,
      ),
    );
    expect(configureText(text + backends, { strict: true }).config).to.equal(undefined);
  });

  it("L32: the version of the book changes with a price and with nothing else", () => {
    const version = (text: string) => configOf(text + backends).prices.version;
    const cheap = book("ai/ours", "{models: [m], perMillionTokens: {input: 1, output: 1}}");
    expect(version(cheap)).not.to.equal(version(""));
    expect(version(cheap)).not.to.equal(version(cheap.replace("input: 1", "input: 2")));
    expect(version(cheap)).to.equal(
      version(`# a comment\n${cheap}${aiResource("AIBackend", "ai/more", "{provider: Groq}")}`),
    );
  });
});

describe("warnAboutUnpriced", () => {
  const usd = aiResource("LLMRequestCost", "ai/dollars", "{llmRequestCosts: [{metadataKey: usd, type: USD}]}");
  const tokens = usd.replace("type: USD", "type: TotalToken");
  const match = (model: string) => `matches: [{headers: [{name: x-ai-eg-model, value: ${model}}]}]`;
  const route = (...rules: string[]) => aiResource("AIGatewayRoute", "ai/r", `{rules: [${rules.join(", ")}]}`);
  const warnings = (text: string) => messages(configureText(text + backends), "warning");

  it("L30: tells at loading which models of routes with costs in dollars have no price, and what they are charged", () => {
    const rules = route(
      `{${match("gpt-4o")}, backendRefs: [{name: openai}]}`,
      `{${match("llama-3")}, backendRefs: [{name: openai, weight: 0}, {name: local, priority: 1}]}`,
    );
    const [warning, ...more] = warnings(rules + usd);
    expect(warning).to.contain("spec.rules[1].backendRefs[1].name: warning: llama-3 of vllm has no price");
    expect(warning).to.match(/150\.00 dollars per million input tokens, 600\.00 .* PriceBook in namespace ai$/);
    expect(more).to.deep.equal([]);
    expect(warnings(rules + tokens)).to.deep.equal([]);
    expect(
      warnings(rules + usd + book("ai/ours", "{models: [llama-3], perMillionTokens: {input: 0, output: 0}}")),
    ).to.deep.equal([]);
  });

  it("L30: looks at the name that is sent upstream", () => {
    const sent = (model: string) =>
      route(`{${match("smart")}, backendRefs: [{name: openai, modelNameOverride: ${model}}]}`) + usd;
    expect(warnings(sent("gpt-4o"))).to.deep.equal([]);
    expect(warnings(sent("gpt-4oo"))[0]).to.contain("gpt-4oo of openai has no price");
    const catchAll = (override: string) => route(`{backendRefs: [{name: local${override}}]}`) + usd;
    expect(warnings(catchAll(", modelNameOverride: llama-3"))[0]).to.contain("llama-3 of vllm");
    expect(warnings(catchAll(""))).to.deep.equal([]);
  });
});

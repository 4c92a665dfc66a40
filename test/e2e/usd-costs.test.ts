import { expect } from "chai";
import { chat } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import type { LogLine } from "../support/stack.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

const yaml = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: dollars, namespace: ai-services}
spec: {llmRequestCosts: [{metadataKey: llm_cost_usd, type: USD}]}
---
apiVersion: tollgate.dev/v1alpha1
kind: PriceBook
metadata: {name: ours, namespace: ai-services}
spec:
  prices:
    - models: [house-model]
      backendRef: {name: openai-backend}
      perMillionTokens: {input: 1.5, output: "2.25"}
      longContext: [{inputTokensAbove: 1000, perMillionTokens: {input: 3, output: 4.5}}]
    - models: [tiered-model]
      perMillionTokens: {input: 2, output: 10}
      tiers:
        flex: {perMillionTokens: {input: 1, output: 5}}
        priority: {perMillionTokens: {input: 4, output: 20}}
    - models: [claude-tiered]
      perMillionTokens: {input: 2, output: 10}
      tiers: {batch: {perMillionTokens: {input: 1, output: 5}}}
    - models: [amazon.tiered-v1:0]
      perMillionTokens: {input: 2, output: 10}
      tiers: {priority: {perMillionTokens: {input: 4, output: 20}}}
---
${policyYaml("dollars", [{ requests: 2_000, selectors: ["x-user-id"], key: "llm_cost_usd" }])}
`;

const route = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend", "anthropic-backend"],
  "gpt-4o-mini": ["openai-backend"],
  "claude-sonnet-4-20250514": ["anthropic-backend"],
  "anthropic.claude-sonnet-4-5-20250929-v1:0": ["bedrock-backend"],
  "house-model": ["openai-backend"],
  "unpriced-model": ["openai-backend"],
  "tiered-model": ["openai-backend"],
  "claude-tiered": ["anthropic-backend"],
  "amazon.tiered-v1:0": ["bedrock-backend"],
});

describe("costs in dollars", function () {
  this.timeout(60_000);
  let world: World;
  let number = 0;

  before(async () => {
    world = await startWorld({ yaml, route });
  });
  after(() => world?.close());

  /** One call, its status and the line that Envoy wrote of it. */
  async function call(
    model: string,
    usage: string,
    more: { readonly stream?: boolean; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<LogLine> {
    const id = `usd-${++number}`;
    await chat(world.url, model, {
      headers: { "x-mock-usage": usage, "x-request-id": id, ...more.headers },
      body: { stream: more.stream === true },
    });
    return world.access(({ request_id }) => request_id === id);
  }

  for (const stream of [false, true]) {
    const form = stream ? "stream" : "JSON";

    it(`L3, L30: micro-dollars of what OpenAI told, cached tokens at their rate: ${form}`, async () => {
      // 50 × 2.50 + 10 × 1.25 + 40 × 10.00 = 537.5
      expect(await call("gpt-4o", "60,40,10,,7", { stream })).to.include({ code: 200, llm_cost_usd: 538 });
      // 1,000 × 0.15 + 1,000 × 0.60
      expect(await call("gpt-4o-mini", "1000,1000", { stream })).to.include({ llm_cost_usd: 750 });
    });

    it(`L3, L30: micro-dollars of what Anthropic told, cache reads and writes at their rates: ${form}`, async () => {
      // 45 × 3.00 + 10 × 0.30 + 5 × 3.75 + 40 × 15.00 = 756.75
      const line = await call("claude-sonnet-4-20250514", "60,40,10,5", { stream });
      expect(line).to.include({ llm_input_token: 60, llm_cost_usd: 757 });
    });

    it(`L3, L30: micro-dollars of what Bedrock told, at the prices it asks for Claude: ${form}`, async () => {
      // 45 × 3.30 + 10 × 0.33 + 5 × 4.125 + 40 × 16.50 = 832.425
      const line = await call("anthropic.claude-sonnet-4-5-20250929-v1:0", "60,40,10,5", { stream });
      expect(line).to.include({ llm_input_token: 60, llm_cost_usd: 833 });
    });

    it(`L30: the price is that of the backend that answered and of the model it was sent: ${form}`, async () => {
      const failed = world.openai.requests.length;
      const line = await call("gpt-4o", "60,40", { stream, headers: { "x-mock-fault": "openai=503" } });
      expect(world.openai.requests.length).to.equal(failed + 1);
      // Claude Sonnet 4, not gpt-4o: 60 × 3.00 + 40 × 15.00
      expect(line).to.include({ code: 200, llm_cost_usd: 780 });
    });

    it(`L30: the rates of the service tier that the provider says served: ${form}`, async () => {
      const cost = async (model: string, tier: string): Promise<unknown> => {
        const headers = { "x-mock-service-tier": tier };
        return (await call(model, "100,10", { stream, headers }))["llm_cost_usd"];
      };
      // 100 × 2 + 10 × 10, its half, its double; OpenAI's scale and Anthropic's unlisted tiers cost as the ordinary one
      expect(await cost("tiered-model", "default")).to.equal(300);
      expect(await cost("tiered-model", "scale")).to.equal(300);
      expect(await cost("tiered-model", "flex")).to.equal(150);
      expect(await cost("tiered-model", "priority")).to.equal(600);
      expect(await cost("claude-tiered", "batch")).to.equal(150);
      expect(await cost("claude-tiered", "standard")).to.equal(300);
      expect(await cost("amazon.tiered-v1:0", "priority")).to.equal(600);
      expect(await cost("amazon.tiered-v1:0", "flex")).to.equal(300);
    });

    it(`L30: a PriceBook's rates, and those above its long-context step: ${form}`, async () => {
      expect(await call("house-model", "1000,100", { stream })).to.include({ llm_cost_usd: 1_725 });
      expect(await call("house-model", "1001,100", { stream })).to.include({ llm_cost_usd: 3_453 });
    });
  }

  it("L30: a model without a price is charged at the dearest rates, with one log line and a metric", async () => {
    const line = await call("unpriced-model", "100,10", { stream: true });
    // 100 × 150.00 + 10 × 600.00
    expect(line).to.include({ code: 200, llm_cost_usd: 21_000 });
    const told = world.log.filter(({ session, msg }) => session === line["session"] && msg !== "request");
    expect(told.map(({ model, msg }) => [model, msg])).to.deep.equal([
      ["unpriced-model", "the model has no price and is charged at the dearest rates; add it to a PriceBook"],
    ]);
    expect(await world.gateway.metrics.render()).to.match(
      /tollgate_cost_unpriced_total\{backend="ai-services\/openai-backend",model="unpriced-model"\} 1\n/,
    );
  });

  it("L30: a dearer tier without rates is charged at the ordinary ones, with one log line and a metric", async () => {
    const headers = { "x-mock-service-tier": "priority" };
    const line = await call("claude-tiered", "100,10", { stream: true, headers });
    expect(line).to.include({ code: 200, llm_cost_usd: 300 });
    const told = world.log.filter(({ session, msg }) => session === line["session"] && msg !== "request");
    expect(told.map(({ model, tier }) => [model, tier])).to.deep.equal([["claude-tiered", "priority"]]);
    expect(await world.gateway.metrics.render()).to.match(
      /tollgate_cost_tier_unpriced_total\{backend="ai-services\/anthropic-backend",model="claude-tiered",tier="priority"\} 1\n/,
    );
  });

  it("L7: a provider's error costs nothing", async () => {
    expect(await call("gpt-4o-mini", "60,40", { headers: { "x-mock-fault": "400" } })).to.include({
      code: 400,
      llm_cost_usd: 0,
    });
  });

  it("L13: a limit in dollars refuses the right call, whatever the models were", async () => {
    const user = { headers: { "x-user-id": "spender" } };
    // 750 + 780 = 1,530 of 2,000 micro-dollars; the third call is let in and goes over
    const codes: unknown[] = [];
    for (const [model, usage] of [
      ["gpt-4o-mini", "1000,1000"],
      ["claude-sonnet-4-20250514", "60,40"],
      ["gpt-4o", "60,40"],
      ["gpt-4o-mini", "1,1"],
    ] as const)
      codes.push((await call(model, usage, user))["code"]);
    expect(codes).to.deep.equal([200, 200, 200, 429]);
    const { headers, text } = await chat(world.url, "gpt-4o-mini", user);
    expect((JSON.parse(text) as { error: { message: string } }).error.message).to.match(
      /^the limit dollars rule 1 is used up for x-user-id "spender": \$0\.00208 of \$0\.002 per hour used; it resets at /,
    );
    // Envoy's headers count as the limit is written
    expect(headers["x-ratelimit-limit"]).to.match(/^2000, 2000;w=3600/);
    const other = await call("gpt-4o-mini", "1,1", { headers: { "x-user-id": "another" } });
    expect(other).to.include({ code: 200 });
  });
});

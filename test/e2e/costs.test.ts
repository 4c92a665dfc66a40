import { expect } from "chai";
import { chat } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { type LogLine, startStack } from "../support/stack.ts";
import { startMocks, startWorld, type World } from "../support/world.ts";

const costYaml = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: costs, namespace: ai-services}
spec:
  llmRequestCosts:
    - {metadataKey: cached, type: CachedInputToken}
    - {metadataKey: written, type: CacheCreationInputToken}
    - {metadataKey: reasoned, type: ReasoningToken}
    - {metadataKey: weighted_uint, type: CEL, cel: "input_tokens + output_tokens * 4u"}
    - {metadataKey: weighted_int, type: CEL, cel: "input_tokens + output_tokens * 4"}
    - {metadataKey: by_model, type: CEL, cel: "model == 'gpt-4o' ? total_tokens * 10 : total_tokens"}
    - {metadataKey: broken, type: CEL, cel: "total_tokens / (output_tokens - 13)"}
    - {metadataKey: huge, type: CEL, cel: "total_tokens * 1000000000"}
`;

describe("costs in Envoy's dynamic metadata", function () {
  this.timeout(60_000);
  let world: World;
  let number = 0;

  before(async () => {
    world = await startWorld({
      yaml: `${costYaml}---${policyYaml("small", [{ requests: 10, selectors: ["x-user-id=small"] }])}`,
    });
  });
  after(() => world?.close());

  /** One call and the line that Envoy wrote of it. */
  async function accessOf(
    model: string,
    headers: Readonly<Record<string, string>>,
    body: object = {},
  ): Promise<LogLine> {
    const id = `cost-${++number}`;
    await chat(world.url, model, { headers: { ...headers, "x-request-id": id }, body });
    return world.access(({ request_id }) => request_id === id);
  }

  for (const stream of [false, true]) {
    it(`every rule's value is there, exactly as the provider told: ${stream ? "stream" : "JSON"} (L1, L3, L5)`, async () => {
      const line = await accessOf("gpt-4o", { "x-mock-usage": "60,40,10,,7" }, { stream });
      expect(line).to.deep.include({
        llm_input_token: 60,
        llm_output_token: 40,
        llm_total_token: 100,
        cached: 10,
        written: 0,
        reasoned: 7,
        weighted_uint: 220,
        weighted_int: 220,
        by_model: 1_000,
        usage_estimated: false,
      });
    });

    it(`Anthropic's cached and written tokens are part of the input: ${stream ? "stream" : "JSON"} (L1)`, async () => {
      const line = await accessOf("claude-sonnet-4-20250514", { "x-mock-usage": "60,40,10,5" }, { stream });
      expect(line).to.deep.include({ llm_input_token: 60, llm_output_token: 40, cached: 10, written: 5 });
    });
  }

  it("an expression that fails charges total tokens, with one log line and a metric (L5)", async () => {
    const line = await accessOf("gpt-4o", { "x-mock-usage": "60,13" });
    expect(line["broken"]).to.equal(73);
    const told = world.log.filter(({ session, msg }) => session === line["session"] && msg !== "request");
    expect(told.map(({ metadata_key, reason }) => [metadata_key, reason])).to.deep.equal([
      ["broken", "division by zero"],
    ]);
    expect(await world.gateway.metrics.render()).to.match(/tollgate_cost_failed_total\{key="broken"\} [1-9]/);
  });

  it("a cost above what Envoy carries is capped, with a metric (L12)", async () => {
    const line = await accessOf("gpt-4o", { "x-mock-usage": "60,40" });
    expect(line["huge"]).to.equal(1_000_000_000);
    expect(await world.gateway.metrics.render()).to.match(/tollgate_cost_capped_total\{key="huge"\} [1-9]/);
  });

  it("a request that a limit refuses costs 0 (L7)", async () => {
    await accessOf("gpt-4o", { "x-user-id": "small", "x-mock-usage": "60,40" });
    const line = await accessOf("gpt-4o", { "x-user-id": "small", "x-mock-usage": "60,40" });
    expect(line).to.deep.include({ code: 429, llm_total_token: 0, llm_input_token: 0, weighted_int: 0 });
  });

  it("a provider's error costs 0 and says what it was (L7)", async () => {
    const line = await accessOf("gpt-4o", { "x-mock-fault": "400" });
    expect(line).to.deep.include({ code: 400, llm_total_token: 0 });
  });

  it("the receipt of a stream tells its tokens to a client that asks (L8)", async () => {
    const usage = { "x-mock-usage": "60,40" };
    for (const model of ["gpt-4o", "claude-sonnet-4-20250514"]) {
      const asked = await chat(world.url, model, {
        headers: { ...usage, "x-ai-gateway-receipt": "stream" },
        body: { stream: true },
      });
      expect(asked.text).to.match(/\n\n: tollgate \{"tokens_used":100,"cost_usd":"0\.\d+"\}\n\ndata: \[DONE\]\n\n$/);
      const silent = await chat(world.url, model, { headers: usage, body: { stream: true } });
      expect(silent.text).not.to.contain("tollgate");
    }
    expect(world.openai.requests.at(-1)?.headers).not.to.have.property("x-ai-gateway-receipt");
  });

  it("the headers that tell who answered can be turned off (L8)", async () => {
    const mocks = await startMocks({
      yaml: `
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate, namespace: ai-services}
spec: {responseHeaders: false}
`,
    });
    try {
      const quiet = await startStack({ yaml: mocks.resources });
      try {
        const { status, headers } = await chat(quiet.url, "gpt-4o");
        expect(status).to.equal(200);
        expect(Object.keys(headers).filter((name) => name.startsWith("x-ai-"))).to.deep.equal([]);
      } finally {
        await quiet.close();
      }
    } finally {
      await mocks.close();
    }
  });
});

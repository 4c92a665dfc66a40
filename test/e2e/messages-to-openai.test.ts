import Anthropic from "@anthropic-ai/sdk";
import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { budgetYaml, settled } from "../support/budget.ts";
import { type Answer, send } from "../support/client.ts";
import { until } from "../support/wait.ts";
import { backendYaml, mockYaml, openaiKey, routeYaml, startWorld, type World } from "../support/world.ts";

const azureKey = "azure-test-key";
const hello = { model: "gpt-4o", max_tokens: 100, messages: [{ role: "user" as const, content: "Hello" }] };

describe("Anthropic messages to OpenAI and Azure through the gateway", function () {
  this.timeout(60_000);
  let world: World;
  let azure: RunningMock;
  let client: Anthropic;

  before(async () => {
    azure = await startMock({ provider: "AzureOpenAI", apiKey: azureKey });
    const yaml = [
      backendYaml(
        "azure",
        "AzureOpenAI",
        azureKey,
        'endpoint: "https://acme.openai.azure.com", version: "2024-10-21",',
      ),
      mockYaml("azure", "AzureOpenAI", azure.port),
      budgetYaml("tokens", {
        amount: 1_000,
        unit: "Tokens",
        more: ["match: [{header: x-team-id, value: paying}]"],
      }),
    ].join("---\n");
    const route = routeYaml("llm-route", {
      "gpt-4o": ["openai-backend"],
      "azure-4o": ["azure"],
      "claude-sonnet-4-20250514": ["anthropic-backend", "openai-backend, modelNameOverride: gpt-4o"],
    });
    world = await startWorld({ yaml, route });
    client = new Anthropic({ apiKey: "unused", baseURL: `${world.url}/anthropic`, maxRetries: 0 });
  });
  after(async () => {
    await world?.close();
    await azure?.close();
  });
  beforeEach(() => {
    world.openai.reset();
    world.anthropic.reset();
    azure.reset();
  });

  function message(body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return send(world.url, { path: "/anthropic/v1/messages", headers, body: { ...hello, ...body } });
  }

  it("translates request and answer, and meters cached tokens (R137)", async () => {
    const answer = await message({ system: "Be brief.", top_k: 5 }, { "x-mock-usage": "60,40,20" });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json()).to.deep.include({
      type: "message",
      role: "assistant",
      content: [{ type: "text", text: "Hello from the mock." }],
      stop_reason: "end_turn",
      stop_sequence: null,
    });
    expect(answer.json().usage).to.include({ input_tokens: 40, cache_read_input_tokens: 20, output_tokens: 40 });
    expect(answer.headers).to.include({
      "x-ai-provider": "openai",
      "x-ai-gateway-tokens-used": "100",
      "x-ai-gateway-warnings": "dropped:top_k",
    });
    const [request] = world.openai.requests;
    expect(request?.path).to.equal("/v1/chat/completions");
    expect(request?.headers["authorization"]).to.equal(`Bearer ${openaiKey}`);
    expect(request?.headers).not.to.have.property("anthropic-version");
    expect(JSON.parse(request?.body.toString() ?? "")).to.deep.equal({
      model: "gpt-4o",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
      ],
      max_completion_tokens: 100,
    });
    const line = await world.access(({ request_id }) => request_id === answer.headers["x-request-id"]);
    expect(line).to.include({
      llm_input_token: 60,
      llm_output_token: 40,
      llm_total_token: 100,
      usage_estimated: false,
    });
  });

  for (const [model, provider] of [
    ["gpt-4o", "openai"],
    ["azure-4o", "azureopenai"],
  ] as const) {
    it(`streams as Anthropic's own client wants it: ${provider} (R136)`, async () => {
      const headers = { "x-mock-usage": "60,40", "x-request-id": `stream-${provider}`, "x-mock-split": "5" };
      const answer = await client.messages.stream({ ...hello, model }, { headers }).finalMessage();
      expect(answer.content).to.deep.equal([{ type: "text", text: "Hello from the mock." }]);
      expect(answer.usage).to.include({ input_tokens: 60, output_tokens: 40 });
      const line = await world.access(({ request_id }) => request_id === `stream-${provider}`);
      expect(line).to.include({ llm_total_token: 100, usage_estimated: false });
    });

    it(`calls tools, and sends their results back: ${provider} (R108)`, async () => {
      const tools = [{ name: "weather", input_schema: { type: "object" as const } }];
      const asked = { ...hello, model, tools };
      const headers = { "x-mock-tools": "1" };
      const answer = await client.messages.create(asked, { headers });
      expect(answer.stop_reason).to.equal("tool_use");
      const [call] = answer.content;
      if (call?.type !== "tool_use") throw new Error("there is no call");
      expect(call).to.deep.include({ name: "weather", input: { city: "Rome" } });
      const streamed = await client.messages.stream(asked, { headers }).finalMessage();
      expect(streamed.content[0]).to.deep.include({ type: "tool_use", name: "weather", input: { city: "Rome" } });
      const results = [{ type: "tool_result" as const, tool_use_id: call.id, content: "Sunny" }];
      const last = await client.messages.create({
        ...asked,
        messages: [
          ...hello.messages,
          { role: "assistant", content: answer.content },
          { role: "user", content: results },
        ],
      });
      expect(last.content).to.deep.equal([{ type: "text", text: "Hello from the mock." }]);
    });
  }

  it("names Azure's deployment in the path", async () => {
    expect((await message({ model: "azure-4o" })).status).to.equal(200);
    expect(azure.requests[0]?.path).to.equal("/openai/deployments/azure-4o/chat/completions?api-version=2024-10-21");
    expect(azure.requests[0]?.headers["api-key"]).to.equal(azureKey);
  });

  for (const stream of [false, true]) {
    it(`falls back from Anthropic to OpenAI: ${stream ? "stream" : "JSON"} (R24)`, async () => {
      const headers = { "x-mock-fault": "anthropic=529", "anthropic-beta": "a" };
      const answer = await message({ model: "claude-sonnet-4-20250514", stream }, headers);
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers).to.include({ "x-ai-provider": "openai", "x-ai-model": "gpt-4o", "x-ai-attempts": "2" });
      if (stream)
        expect(answer.text)
          .to.match(/^event: message_start\n/)
          .and.to.match(/event: message_stop\n.*\n\n$/);
      else expect(answer.json().content[0].text).to.equal("Hello from the mock.");
      const [request] = world.openai.requests;
      expect(
        Object.keys(request?.headers ?? {}).filter((name) => /^(?:x-api-key|anthropic-.*)$/.test(name)),
      ).to.deep.equal([]);
      expect(world.anthropic.bill().total.total).to.equal(0);
    });
  }

  it("renders errors in the client's dialect: an answer, an event, a stream that breaks off (R159)", async () => {
    const answer = await message({}, { "x-mock-fault": "429" });
    expect(answer.status).to.equal(429);
    expect(answer.json()).to.deep.equal({
      type: "error",
      error: { type: "rate_limit_error", message: "the mock was told to answer 429" },
    });
    const event = await message({ stream: true }, { "x-mock-fault": "error-mid" });
    expect(event.text).to.match(/event: error\ndata: \{"type":"error","error":\{"type":"api_error",.*\}\}\n\n$/);
    const broken = await message({ stream: true }, { "x-mock-fault": "truncate" });
    expect(broken.text).to.match(/event: error\ndata: \{"type":"error",.*ended before the answer was complete.*\n\n$/);
  });

  it("shows a refusal of Azure's content filter as an invalid request", async () => {
    const answer = await message({ model: "azure-4o", messages: [{ role: "user", content: "[filtered]" }] });
    expect(answer.status).to.equal(400);
    expect(answer.json().error.type).to.equal("invalid_request_error");
  });

  it("refuses what OpenAI has no place for, naming it (R168)", async () => {
    const source = { type: "url", url: "https://x.test/a.pdf" };
    const answer = await message({ messages: [{ role: "user", content: [{ type: "document", source }] }] });
    expect(answer.status).to.equal(422);
    expect(answer.json().error.message).to.contain("messages[0].content[0]").and.to.contain("OpenAI");
    expect(world.openai.requests).to.have.length(0);
  });

  it("is cut off where a Hard budget ends, and the client's own library sees a maximum (L34)", async () => {
    const headers = {
      "x-team-id": "paying",
      "x-user-id": "ada",
      "x-mock-text": "word ".repeat(800),
      "x-mock-chunks": "100",
      "x-mock-chunk-delay": "5",
    };
    const answer = await client.messages.stream({ ...hello, max_tokens: 2_000 }, { headers }).finalMessage();
    expect(answer.stop_reason).to.equal("max_tokens");
    expect(answer.content[0])
      .to.have.property("text")
      .that.matches(/^word word/);
    expect(answer.usage.output_tokens).to.be.greaterThan(100);
    await until("the provider's stream to be cancelled", () => world.openai.requests[0]?.aborted === true);
    // what came in one piece with the end of the budget was sent by the provider already: it is booked beyond the limit
    const { spent, overrun } = await settled(world, "tokens", "ada");
    expect(Number(spent)).to.be.at.most(1_000);
    expect(Number(spent) + Number(overrun)).to.be.at.least(world.openai.bill().total.total);
  });

  it("leaves no session behind", async () => {
    await until("every session to end", () => world.gateway.sessions.size === 0);
  });
});

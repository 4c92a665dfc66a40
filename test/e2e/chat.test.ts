import { expect } from "chai";
import { chat, hello, send } from "../support/client.ts";
import { openaiKey, startWorld, type World } from "../support/world.ts";

describe("chat through a real Envoy", () => {
  let world: World;

  before(async function () {
    this.timeout(120_000);
    world = await startWorld();
  });

  after(() => world?.close());

  beforeEach(() => {
    for (const mock of [world.openai, world.anthropic, world.bedrock]) mock.reset();
  });

  it("answers the tutorial's curl, which names the model in a header only; the provider gets it in the body (S1)", async () => {
    const answer = await send(world.url, {
      headers: { "x-user-id": "user123", "x-ai-eg-model": "gpt-4o" },
      body: '{"messages": [{"role": "user", "content": "Hello"}]}',
    });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json().choices[0].message.content).to.equal("Hello from the mock.");
    expect(answer.headers["x-ai-provider"]).to.equal("openai");
    const [received] = world.openai.requests;
    expect(JSON.parse(received?.body.toString() ?? "").model).to.equal("gpt-4o");
    expect(received?.headers["authorization"]).to.equal(`Bearer ${openaiKey}`);
    expect(received?.headers["content-type"]).to.equal("application/json");
  });

  it("passes the client's bytes on unchanged when the body names the model (R1)", async () => {
    const body = '{ "model":"gpt-4o" , "messages":[{"role":"user","content":"h\\u00e9"}],"seed":12345678901234567890}';
    const answer = await send(world.url, { body });
    expect(answer.status, answer.text).to.equal(200);
    expect(world.openai.requests[0]?.body.toString()).to.equal(body);
  });

  it("tells who answered, which model, in how many attempts, and the tokens used (L8)", async () => {
    const { headers } = await chat(world.url, "gpt-4o", { headers: { "x-mock-usage": "60,40" } });
    expect(headers["x-ai-provider"]).to.equal("openai");
    expect(headers["x-ai-backend"]).to.equal("ai-services/openai-backend");
    expect(headers["x-ai-model"]).to.equal("gpt-4o");
    expect(headers["x-ai-attempts"]).to.equal("1");
    expect(headers["x-ai-gateway-tokens-used"]).to.equal("100");
  });

  it("streams, and hides the usage chunk that it forced from a client that did not ask (R7)", async () => {
    const answer = await chat(world.url, "gpt-4o", { body: { stream: true } });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers["content-type"]).to.contain("text/event-stream");
    expect(
      answer
        .events()
        .map((event) => event.choices[0]?.delta?.content ?? "")
        .join(""),
    ).to.equal("Hello from the mock.");
    expect(answer.events().every((event) => event.choices.length === 1)).to.equal(true);
    expect(answer.text.endsWith("data: [DONE]\n\n")).to.equal(true);
    expect(JSON.parse(world.openai.requests[0]?.body.toString() ?? "").stream_options).to.deep.equal({
      include_usage: true,
    });
  });

  it("shows the usage chunk to a client that asked (R7)", async () => {
    const answer = await chat(world.url, "gpt-4o", {
      headers: { "x-mock-usage": "60,40" },
      body: { stream: true, stream_options: { include_usage: true } },
    });
    const usage = answer.events().filter((event) => event.choices.length === 0);
    expect(usage).to.have.length(1);
    expect(usage[0].usage.total_tokens).to.equal(100);
  });

  it("translates for Anthropic, JSON and stream", async () => {
    const json = await chat(world.url, "claude-sonnet-4-20250514", { headers: { "x-mock-usage": "60,40" } });
    expect(json.status, json.text).to.equal(200);
    expect(json.json().object).to.equal("chat.completion");
    expect(json.json().usage.total_tokens).to.equal(100);
    expect(json.headers["x-ai-provider"]).to.equal("anthropic");
    const stream = await chat(world.url, "claude-sonnet-4-20250514", { body: { stream: true, ...hello } });
    expect(stream.headers["content-type"]).to.contain("text/event-stream");
    expect(
      stream
        .events()
        .map((event) => event.choices[0]?.delta?.content ?? "")
        .join(""),
    ).to.equal("Hello from the mock.");
    expect(stream.text.endsWith("data: [DONE]\n\n")).to.equal(true);
  });
});

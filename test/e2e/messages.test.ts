import { once } from "node:events";
import Anthropic from "@anthropic-ai/sdk";
import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { budgetYaml, receiptOf, settled } from "../support/budget.ts";
import { type Answer, open, send } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { until } from "../support/wait.ts";
import { anthropicKey, backendYaml, mockYaml, routeYaml, startWorld, type World } from "../support/world.ts";

const model = "claude-sonnet-4-20250514";
const secondKey = "sk-ant-second-key";
const hello = { model, max_tokens: 100, messages: [{ role: "user" as const, content: "Hello" }] };

/** Headers of requests that the budget is for. */
const paying = { "x-team-id": "paying" };

/** Sends it as curl would. */
function message(
  url: string,
  { body, headers }: { readonly body?: object | string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const whole = typeof body === "string" ? body : { ...hello, ...body };
  return send(url, { path: "/anthropic/v1/messages", headers: headers ?? {}, body: whole });
}

function textOf(answer: Answer): string {
  return answer
    .events()
    .map((event) => event.delta?.text ?? "")
    .join("");
}

describe("Anthropic messages through the gateway", function () {
  this.timeout(60_000);
  let world: World;
  let second: RunningMock;

  before(async () => {
    second = await startMock({ provider: "Anthropic", apiKey: secondKey });
    const yaml = [
      backendYaml("second-anthropic", "Anthropic", secondKey),
      mockYaml("second-anthropic", "Anthropic", second.port),
      policyYaml("users", [{ requests: 100, selectors: ["x-user-id=limited"] }]),
      budgetYaml("tokens", { amount: 1_000, unit: "Tokens", more: ["match: [{header: x-team-id, value: paying}]"] }),
    ].join("---\n");
    const route = routeYaml("llm-route", {
      [model]: ["anthropic-backend"],
      "claude-mock-429": ["anthropic-backend", `second-anthropic, modelNameOverride: ${model}`],
      "gpt-4o": ["bedrock-backend"],
    });
    world = await startWorld({ yaml, route });
  });
  after(async () => {
    await world?.close();
    await second?.close();
  });
  beforeEach(() => {
    world.anthropic.reset();
    second.reset();
  });

  it("passes the client's bytes and the provider's answer, and meters it (R1)", async () => {
    const body = `{"max_tokens": 1e2, "messages" : [{"role":"user","content":"h\\u00e9"}],"temperature":1.0,"model":"${model}"}`;
    const answer = await message(world.url, { body, headers: { "x-mock-usage": "60,40,20,10" } });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json()).to.deep.include({
      type: "message",
      stop_reason: "end_turn",
      usage: { input_tokens: 30, cache_creation_input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 40 },
    });
    expect(answer.headers).to.include({ "x-ai-provider": "anthropic", "x-ai-gateway-tokens-used": "100" });
    const [request] = world.anthropic.requests;
    expect(request?.body.toString()).to.equal(body);
    expect(request?.path).to.equal("/v1/messages");
    expect(request?.headers).to.include({ "x-api-key": anthropicKey, "anthropic-version": "2023-06-01" });
    const line = await world.access(({ request_id }) => request_id === answer.headers["x-request-id"]);
    expect(line).to.include({ llm_input_token: 60, llm_output_token: 40, llm_total_token: 100 });
  });

  it("consumes the client's key, and passes its version and betas (R23, R25)", async () => {
    const headers = { "x-api-key": "of-the-client", authorization: "Bearer x", "anthropic-version": "2023-01-01" };
    await message(world.url, { headers: { ...headers, "anthropic-beta": "a-1,b-2" } });
    const [request] = world.anthropic.requests;
    expect(request?.headers).to.include({
      "x-api-key": anthropicKey,
      "anthropic-version": "2023-01-01",
      "anthropic-beta": "a-1,b-2",
    });
    expect(request?.headers).not.to.have.property("authorization");
  });

  it("passes a stream with its thinking and signature byte for byte, and meters it (R115)", async () => {
    const headers = {
      "x-mock-usage": "60,40",
      "x-mock-thinking": "1",
      "x-request-id": "thinking",
      "x-mock-split": "7",
    };
    const answer = await message(world.url, { body: { stream: true }, headers });
    expect(answer.headers["content-type"]).to.contain("text/event-stream");
    const direct = await fetch(`${world.anthropic.url}/v1/messages`, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/json",
        "x-api-key": anthropicKey,
        "anthropic-version": "2023-06-01",
      },
      body: JSON.stringify({ ...hello, stream: true }),
    });
    expect(answer.text).to.equal(await direct.text());
    expect(answer.text).to.contain('"signature":"bW9jay1zaWduYXR1cmU="');
    const line = await world.access(({ request_id }) => request_id === "thinking");
    expect(line).to.include({ llm_total_token: 100, usage_estimated: false });
  });

  for (const stream of [false, true]) {
    it(`falls back to another Anthropic backend with its own key and model: ${stream ? "stream" : "JSON"}`, async () => {
      const answer = await message(world.url, { body: { model: "claude-mock-429", stream } });
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers).to.include({ "x-ai-backend": "ai-services/second-anthropic", "x-ai-model": model });
      expect(stream ? textOf(answer) : answer.json().content[0].text).to.equal("Hello from the mock.");
      const [request] = second.requests;
      expect(request?.headers["x-api-key"]).to.equal(secondKey);
      expect(request?.body.toString()).to.equal(JSON.stringify({ ...hello, model, stream }));
      expect(world.anthropic.bill().total.total).to.equal(0);
    });
  }

  it("passes the provider's own error, byte for byte (R18, R37)", async () => {
    const answer = await message(world.url, { headers: { "x-mock-fault": "429" } });
    expect(answer.status).to.equal(429);
    expect(answer.headers).to.include({ "content-type": "application/json", "retry-after": "1" });
    expect(answer.json()).to.deep.equal({
      type: "error",
      error: { type: "rate_limit_error", message: "the mock was told to answer 429" },
      request_id: "req_mock",
    });
  });

  it("answers in this dialect whatever goes wrong (R159)", async () => {
    const errorOf = (answer: Answer): unknown => [answer.status, answer.json().type, answer.json().error.type];
    expect(errorOf(await message(world.url, { body: { model: "nobody" } }))).to.deep.equal([
      404,
      "error",
      "not_found_error",
    ]);
    expect(errorOf(await message(world.url, { body: "{" }))).to.deep.equal([400, "error", "invalid_request_error"]);
    expect(errorOf(await send(world.url, { path: "/anthropic/v1/complete", body: {} }))).to.deep.equal([
      404,
      "error",
      "not_found_error",
    ]);
    const wrong = await send(world.url, { path: "/anthropic/v1/messages", method: "PUT", body: {} });
    expect(errorOf(wrong)).to.deep.equal([405, "error", "invalid_request_error"]);
    expect(wrong.headers["allow"]).to.equal("POST");
  });

  it("refuses a pair that nobody translates, naming both sides (R167)", async () => {
    const answer = await message(world.url, { body: { model: "gpt-4o" } });
    expect(answer.status).to.equal(422);
    expect(answer.json().error.message).to.contain("AWSBedrock").and.to.contain("messages");
  });

  it("a limit that is used up refuses in this dialect (R159)", async () => {
    const headers = { "x-user-id": "limited", "x-mock-usage": "60,60" };
    expect((await message(world.url, { headers })).status).to.equal(200);
    const refused = await message(world.url, { headers });
    expect(refused.status).to.equal(429);
    expect(refused.json()).to.have.nested.property("error.type", "rate_limit_error");
    expect(refused.json().type).to.equal("error");
    expect(refused.json().error.message).to.contain('used up for x-user-id "limited"');
    expect(refused.headers["content-length"]).to.equal(String(Buffer.byteLength(refused.text)));
    expect(Number(refused.headers["retry-after"])).to.be.greaterThan(0);
  });

  it("tells in a stream what it used, to a client that asks (L8)", async () => {
    const headers = { "x-ai-gateway-receipt": "stream", "x-mock-usage": "10,20" };
    const answer = await message(world.url, { body: { stream: true }, headers });
    expect(answer.text).to.match(/\n\n: tollgate \{"tokens_used":30,.*\}\n\nevent: message_stop\n/);
  });

  it("an error in the middle of a stream is its last event (R154)", async () => {
    const answer = await message(world.url, { body: { stream: true }, headers: { "x-mock-fault": "error-mid" } });
    expect(answer.text).to.match(
      /event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error","message":"Overloaded"\}\}\n\n$/,
    );
  });

  it("a stream that ends without message_stop is told as broken (R155)", async () => {
    const answer = await message(world.url, { body: { stream: true }, headers: { "x-mock-fault": "truncate" } });
    expect(answer.text).to.match(
      /event: error\ndata: \{"type":"error",.*ended before the answer was complete.*\}\n\n$/,
    );
  });

  describe("with a Hard budget", () => {
    it("is held, settled, and refused with what remains (L31)", async () => {
      const headers = { ...paying, "x-user-id": "ada", "x-request-id": "ada-1", "x-mock-usage": "60,800" };
      expect((await message(world.url, { body: { max_tokens: 850 }, headers })).status).to.equal(200);
      expect(await settled(world, "tokens", "ada")).to.include({ spent: 860, overrun: 0 });
      const receipt = await receiptOf(world, "ada-1");
      expect(receipt.attempts[0]).to.include({ verdict: "billed" });
      const refused = await message(world.url, { body: { max_tokens: 850 }, headers });
      expect(refused.status).to.equal(429);
      expect(refused.json().error).to.have.property("type", "rate_limit_error");
      expect(refused.json().error.budget).to.include({ name: "ai-services/tokens", account: "ada" });
    });

    it("adds the maximum that a request forgot", async () => {
      const headers = { ...paying, "x-user-id": "bob" };
      const body = { ...hello, max_tokens: undefined };
      const answer = await message(world.url, { body, headers });
      // the model's own maximum is more than the budget has
      expect(answer.status, answer.text).to.equal(429);
      expect(answer.json().error.budget.account).to.equal("bob");
    });

    it("is cut off where it ends: the open block is closed, then stop_reason max_tokens and message_stop (L34)", async () => {
      const long = { "x-mock-text": "word ".repeat(800), "x-mock-chunks": "100", "x-mock-chunk-delay": "5" };
      const headers = { ...long, ...paying, "x-user-id": "cay", "x-request-id": "cay" };
      const answer = await message(world.url, { body: { stream: true, max_tokens: 2_000 }, headers });
      expect(answer.status, answer.text).to.equal(200);
      const [stop, delta, end] = answer.events().slice(-3);
      expect(stop).to.deep.equal({ type: "content_block_stop", index: 0 });
      expect(delta.delta).to.deep.equal({ stop_reason: "max_tokens", stop_sequence: null });
      expect(delta.usage.output_tokens).to.be.greaterThan(100);
      expect(delta.tollgate.budget).to.include({ name: "ai-services/tokens", account: "cay" });
      expect(end).to.deep.equal({ type: "message_stop" });
      await until("the provider's stream to be cancelled", () => world.anthropic.requests[0]?.aborted === true);
      // what came in one piece with the end of the budget was sent by the provider already: it is booked beyond the limit
      const { spent, overrun } = await settled(world, "tokens", "cay");
      expect(Number(spent)).to.be.at.most(1_000);
      expect(Number(spent) + Number(overrun)).to.be.at.least(world.anthropic.bill().total.total);
    });

    it("pays for what a client was sent that hung up (L6)", async () => {
      const headers = {
        ...paying,
        "x-user-id": "dan",
        "x-mock-text": "word ".repeat(400),
        "x-mock-chunks": "50",
        "x-mock-chunk-delay": "20",
      };
      const { request, response } = open(world.url, {
        path: "/anthropic/v1/messages",
        headers,
        body: { ...hello, max_tokens: 600, stream: true },
      });
      const incoming = await response;
      let text = "";
      while (text.split('"text_delta"').length < 6) text += ((await once(incoming, "data")) as [Buffer])[0].toString();
      request.destroy();
      await until("the provider's stream to be cancelled", () => world.anthropic.requests[0]?.aborted === true);
      const { spent } = await settled(world, "tokens", "dan");
      expect(Number(spent))
        .to.be.at.least(world.anthropic.bill().total.total - 100)
        .and.below(1_000);
    });
  });

  describe("with Anthropic's own client", () => {
    let client: Anthropic;

    before(() => {
      client = new Anthropic({ apiKey: "unused", baseURL: `${world.url}/anthropic`, maxRetries: 0 });
    });

    it("answers", async () => {
      const answer = await client.messages.create(hello, { headers: { "x-mock-usage": "60,40" } });
      expect(answer.content).to.deep.equal([{ type: "text", text: "Hello from the mock." }]);
      expect(answer.usage.output_tokens).to.equal(40);
    });

    it("streams, with thinking", async () => {
      const stream = client.messages.stream(hello, { headers: { "x-mock-thinking": "1" } });
      const answer = await stream.finalMessage();
      expect(answer.content.map(({ type }) => type)).to.deep.equal(["thinking", "text"]);
      expect(answer.stop_reason).to.equal("end_turn");
    });

    it("calls tools, in JSON and in streams", async () => {
      const tools = [{ name: "weather", input_schema: { type: "object" as const } }];
      const asked = { ...hello, tools };
      const call = { type: "tool_use", name: "weather", input: { city: "Rome" } };
      const answer = await client.messages.create(asked, { headers: { "x-mock-tools": "1" } });
      expect(answer.content[0]).to.deep.include(call);
      const streamed = await client.messages.stream(asked, { headers: { "x-mock-tools": "1" } }).finalMessage();
      expect(streamed.content[0]).to.deep.include(call);
      expect(streamed.stop_reason).to.equal("tool_use");
    });

    it("is told of a refused budget as of a rate limit", async () => {
      const refused = await client.messages
        .create({ ...hello, max_tokens: 5_000 }, { headers: { ...paying, "x-user-id": "eve" } })
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(refused).to.be.instanceOf(Anthropic.RateLimitError);
      const { error } = refused as InstanceType<typeof Anthropic.RateLimitError>;
      expect(error).to.have.nested.property("error.budget.account", "eve");
    });

    it("understands a stream that was cut off as one that reached its maximum", async () => {
      const headers = {
        ...paying,
        "x-user-id": "fay",
        "x-mock-text": "word ".repeat(800),
        "x-mock-chunks": "100",
        "x-mock-chunk-delay": "5",
      };
      const answer = await client.messages.stream({ ...hello, max_tokens: 2_000 }, { headers }).finalMessage();
      expect(answer.stop_reason).to.equal("max_tokens");
      expect(answer.content[0])
        .to.have.property("text")
        .that.matches(/^word word/);
    });
  });

  it("leaves no session behind", async () => {
    await until("every session to end", () => world.gateway.sessions.size === 0);
  });
});

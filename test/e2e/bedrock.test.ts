import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { readRequest } from "../../src/mocks/aws-bedrock/check-request.ts";
import { eventFrame } from "../../src/mocks/aws-bedrock/frames.ts";
import type { AwsKeys } from "../../src/mocks/provider.ts";
import { MockRefusal } from "../../src/mocks/refusal.ts";
import { foldChatStream } from "../providers/common/chat-stream.ts";
import { type Answer, chat, hello, type Loose } from "../support/client.ts";
import { postHead, sendRaw } from "../support/raw-http.ts";
import { aws, openaiKey, routeYaml, startWorld, type World } from "../support/world.ts";

const model = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0";
const temporary: AwsKeys = { ...aws, accessKeyId: "ASIATEST", sessionToken: "temporary/token==" };

const weather = {
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

/** A backend with temporary keys, whose answers the test writes. */
const scriptedYaml = (port: number): string => `
apiVersion: v1
kind: Secret
metadata: {name: temporary-credentials, namespace: ai-services}
stringData:
  access-key-id: ${temporary.accessKeyId}
  secret-access-key: ${temporary.secretAccessKey}
  session-token: ${temporary.sessionToken}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: scripted-backend, namespace: ai-services}
spec: {provider: AWSBedrock, region: ${aws.region}, auth: {apiKeySecretRef: {name: temporary-credentials, key: access-key-id}}}
---
apiVersion: tollgate.dev/v1alpha1
kind: MockBackend
metadata: {name: scripted-backend, namespace: ai-services}
spec: {provider: AWSBedrock, address: "127.0.0.1:${port}"}
---
${routeYaml("bedrock-route", {
  [profile]: ["scripted-backend"],
  "gpt-4-turbo": ["openai-backend", "bedrock-backend"],
  "us.amazon.nova-lite-v1:0": ["bedrock-backend", "openai-backend"],
})}
`;

/** Checks requests as the mock does, signature included, and answers each with these frames. */
class ScriptedBedrock {
  frames: readonly Buffer[] = [];
  readonly models: string[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((incoming, response) => {
      this.#answer(incoming, response).catch(() => response.destroy());
    });
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const headers = incoming.headers as Record<string, string>;
    try {
      const request = { method: "POST", path: incoming.url ?? "", headers, body: Buffer.concat(chunks) };
      this.models.push(readRequest(request, { aws: temporary }).model);
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream", "x-amzn-requestid": "r-1" });
      response.end(Buffer.concat(this.frames));
    } catch (error) {
      if (!(error instanceof MockRefusal)) throw error;
      response.writeHead(error.status, { "x-amzn-errortype": error.code ?? "" });
      response.end(JSON.stringify({ message: error.message }));
    }
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

describe("AWS Bedrock through a real Envoy", () => {
  const scripted = new ScriptedBedrock();
  let world: World;
  let requests = 0;

  before(async function () {
    this.timeout(120_000);
    world = await startWorld({ yaml: scriptedYaml(await scripted.start()) });
  });
  after(async () => {
    await world?.close();
    scripted.close();
  });
  beforeEach(() => world.bedrock.reset());

  /** The answer and Envoy's access-log line. */
  async function ask(
    headers: Readonly<Record<string, string>>,
    body: object = {},
    name = model,
  ): Promise<{ readonly answer: Answer; readonly line: Loose }> {
    const id = `bedrock-${++requests}`;
    const answer = await chat(world.url, name, { headers: { "x-request-id": id, ...headers }, body });
    return { answer, line: await world.access((candidate) => candidate["request_id"] === id) };
  }

  /** The same, with all that came before the connection was closed, however it was. */
  async function askToTheEnd(
    headers: Readonly<Record<string, string>>,
    body: object,
  ): Promise<{ readonly answer: Answer; readonly line: Loose }> {
    const id = `bedrock-${++requests}`;
    const text = JSON.stringify({ model, ...hello, ...body });
    const sent = { "x-request-id": id, "content-length": String(text.length), ...headers };
    const head = postHead(Object.entries(sent).map(([name, value]) => `${name}: ${value}`));
    const answer = await sendRaw(world.url, [head, text]);
    return { answer, line: await world.access((candidate) => candidate["request_id"] === id) };
  }

  const usage = { "x-mock-usage": "60,40,10,5" };
  const streamed = { stream: true, stream_options: { include_usage: true } };

  it("answers JSON; the signature fits the path with the encoded model, and the log has the usage (R20, R21, R148)", async () => {
    const { answer, line } = await ask(usage);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers["content-type"]).to.equal("application/json");
    expect(answer.headers["x-ai-provider"]).to.equal("awsbedrock");
    expect(answer.json().choices[0]).to.deep.include({ finish_reason: "stop" });
    expect(answer.json().choices[0].message.content).to.equal("Hello from the mock.");
    expect(answer.json().usage).to.deep.include({ prompt_tokens: 60, completion_tokens: 40, total_tokens: 100 });
    expect(world.bedrock.requests[0]?.path).to.equal(`/model/${model.replace(":", "%3A")}/converse`);
    expect(line).to.include({
      llm_input_token: 60,
      llm_output_token: 40,
      llm_total_token: 100,
      usage_estimated: false,
    });
    expect(world.bedrock.bill().total).to.include({ requests: 1, input: 60, output: 40 });
  });

  it("streams, also when the frames come in pieces of three bytes", async () => {
    const { answer, line } = await ask({ ...usage, "x-mock-split": "3", "x-mock-thinking": "1" }, streamed);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers["content-type"]).to.contain("text/event-stream");
    expect(answer.headers["x-ai-provider"]).to.equal("awsbedrock");
    const { answer: folded, done } = foldChatStream(answer.text);
    expect(done).to.equal(true);
    expect(folded).to.have.nested.property("choices[0].message.content", "Hello from the mock.");
    expect(folded).to.have.nested.property("choices[0].message.thinking_blocks[0].signature");
    expect(folded["usage"]).to.include({ total_tokens: 100 });
    expect(world.bedrock.requests[0]?.path).to.match(/\/converse-stream$/);
    expect(line).to.include({
      llm_input_token: 60,
      llm_output_token: 40,
      llm_total_token: 100,
      usage_estimated: false,
    });
  });

  for (const stream of [false, true]) {
    it(`calls a tool and takes its result back, ${stream ? "streaming" : "JSON"}`, async () => {
      const asked = { tools: [weather], tool_choice: "auto", stream };
      const { answer } = await ask({ "x-mock-tools": "1" }, asked);
      const folded: Loose = stream ? foldChatStream(answer.text).answer : answer.json();
      expect(folded.choices[0].finish_reason, answer.text).to.equal("tool_calls");
      const { message } = folded.choices[0];
      expect(message.tool_calls[0].function).to.deep.equal({ name: "weather", arguments: '{"city":"Rome"}' });
      const messages = [
        { role: "user", content: "Weather?" },
        message,
        { role: "tool", tool_call_id: message.tool_calls[0].id, content: "sunny" },
      ];
      const second = await ask({}, { ...asked, messages });
      expect(second.answer.status, second.answer.text).to.equal(200);
      const sent = JSON.parse(world.bedrock.requests[1]?.body.toString() ?? "") as Loose;
      expect(sent.messages[2].content[0].toolResult).to.deep.equal({
        toolUseId: message.tool_calls[0].id,
        content: [{ text: "sunny" }],
      });
    });
  }

  it("keeps parallel calls apart whose arguments come by turns, signed with a session token for an ARN (R20, R119)", async () => {
    const delta = (contentBlockIndex: number, input: string) =>
      eventFrame("contentBlockDelta", { contentBlockIndex, delta: { toolUse: { input } } });
    const start = (contentBlockIndex: number, toolUseId: string) =>
      eventFrame("contentBlockStart", { contentBlockIndex, start: { toolUse: { toolUseId, name: "weather" } } });
    scripted.frames = [
      eventFrame("messageStart", { role: "assistant" }),
      ...[
        start(1, "a"),
        start(2, "b"),
        delta(1, '{"city":'),
        delta(2, '{"city":"Paris"'),
        delta(1, '"Rome"}'),
        delta(2, "}"),
      ],
      ...[1, 2].map((contentBlockIndex) => eventFrame("contentBlockStop", { contentBlockIndex })),
      eventFrame("messageStop", { stopReason: "tool_use" }),
      eventFrame("metadata", { usage: { inputTokens: 9, outputTokens: 21, totalTokens: 30 } }),
    ];
    const { answer, line } = await ask({}, { ...streamed, tools: [weather] }, profile);
    expect(answer.status, answer.text).to.equal(200);
    const folded: Loose = foldChatStream(answer.text).answer;
    expect(folded.choices[0].message.tool_calls).to.deep.equal([
      { id: "a", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } },
      { id: "b", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } },
    ]);
    expect(folded.id).to.equal("r-1");
    expect(scripted.models).to.deep.equal([profile]);
    expect(line).to.include({ llm_total_token: 30, usage_estimated: false });
  });

  for (const [fault, code, message] of [
    ["error-mid", "rate_limit_exceeded", /^Too many tokens/],
    ["corrupt-frame", "bad_upstream_stream", /checksum/],
    ["broken-json", "bad_upstream_stream", /not valid JSON/],
    ["truncate", "upstream_truncated", /ended before/],
  ] as const) {
    it(`ends the stream with an error event after ${fault}, and charges what was said (R46, R47, R150, R154, R155)`, async () => {
      const { answer, line } = await askToTheEnd({ ...usage, "x-mock-fault": fault }, streamed);
      expect(answer.status).to.equal(200);
      const { error } = answer.events().at(-1);
      expect(error).to.include({ code, param: null });
      expect(error.message).to.match(message);
      expect(answer.text).not.to.include("[DONE]");
      const said = answer
        .events()
        .map((event) => event.choices?.[0]?.delta?.content ?? "")
        .join("");
      expect(said).to.match(/^Hello/);
      expect(line.usage_estimated).to.equal(true);
      expect(line.llm_output_token).to.equal(Math.ceil(said.length / 4));
      expect(line.llm_input_token).to.be.above(0);
    });
  }

  it("completes without a metadata event; what was used is then an estimate", async () => {
    const { answer, line } = await ask({ "x-mock-fault": "no-usage" }, streamed);
    const { answer: folded, done } = foldChatStream(answer.text);
    expect(done).to.equal(true);
    expect(folded).to.have.nested.property("choices[0].finish_reason", "stop").and.not.have.property("usage");
    expect(line).to.include({ usage_estimated: true, llm_output_token: "Hello from the mock.".length / 4 });
  });

  it("tells a refusal of the service in the client's dialect (R162)", async () => {
    const { answer } = await ask({ "x-mock-fault": "429" });
    expect(answer.status).to.equal(429);
    expect(answer.json().error).to.include({ type: "rate_limit_error", code: "rate_limit_exceeded" });
  });

  for (const stream of [false, true]) {
    it(`takes over from another provider, signed for itself, ${stream ? "streaming" : "JSON"} (R22, R24)`, async () => {
      const { answer, line } = await ask({ ...usage, "x-mock-fault": "openai=429" }, { stream }, "gpt-4-turbo");
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers["x-ai-provider"]).to.equal("awsbedrock");
      expect(answer.text).to.include("chat.completion");
      const [received] = world.bedrock.requests;
      expect(received?.path).to.match(/^\/model\/us\.anthropic\.claude[a-z0-9.-]+%3A0\/converse/);
      expect(received?.headers["content-length"]).to.equal(String(received?.body.length));
      expect(received?.headers["authorization"]).to.match(/^AWS4-HMAC-SHA256 /);
      expect(line).to.include({ attempts: 2, llm_total_token: 100, usage_estimated: false });
    });

    it(`hands over to another provider and leaves nothing of its signature, ${stream ? "streaming" : "JSON"} (R24)`, async () => {
      world.openai.reset();
      const fault = { ...usage, "x-mock-fault": "awsbedrock=503" };
      const { answer, line } = await ask(fault, { stream }, "us.amazon.nova-lite-v1:0");
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers["x-ai-provider"]).to.equal("openai");
      const names = Object.keys(world.openai.requests[0]?.headers ?? {});
      expect(names.filter((name) => name.startsWith("x-amz"))).to.deep.equal([]);
      expect(world.openai.requests[0]?.headers["authorization"]).to.equal(`Bearer ${openaiKey}`);
      expect(line).to.include({ attempts: 2, llm_total_token: 100 });
    });
  }

  it("lets nothing of the client's own AWS headers through: they would break the signature (R23)", async () => {
    const spoofed = {
      "x-amz-security-token": "mine",
      "x-amz-date": "19990101T000000Z",
      authorization: "AWS4-HMAC-SHA256 x",
    };
    const { answer } = await ask(spoofed);
    expect(answer.status, answer.text).to.equal(200);
    expect(world.bedrock.requests[0]?.headers).not.to.have.property("x-amz-security-token");
  });

  it("signs text in any script, of any length (R19, R22)", async () => {
    const content = "héllo 😀 \u2028 ".repeat(20_000);
    const { answer } = await ask({}, { messages: [{ role: "user", content }] });
    expect(answer.status, answer.text).to.equal(200);
    const sent = JSON.parse(world.bedrock.requests[0]?.body.toString() ?? "") as Loose;
    expect(sent.messages[0].content[0].text).to.equal(content);
  });
});

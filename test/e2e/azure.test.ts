import { expect } from "chai";
import OpenAI from "openai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { type Answer, chat, hello } from "../support/client.ts";
import { backendYaml, mockYaml, openaiKey, routeYaml, startWorld, type World } from "../support/world.ts";

const azureKey = "azure-test-key";
const address = 'endpoint: "https://acme.openai.azure.com",';

describe("chat to Azure through the gateway", function () {
  this.timeout(60_000);
  let world: World;
  let azure: RunningMock;

  before(async () => {
    azure = await startMock({ provider: "AzureOpenAI", apiKey: azureKey });
    const yaml = [
      backendYaml("azure-dated", "AzureOpenAI", azureKey, `${address} version: "2024-10-21",`),
      mockYaml("azure-dated", "AzureOpenAI", azure.port),
      backendYaml("azure-v1", "AzureOpenAI", azureKey, address),
      mockYaml("azure-v1", "AzureOpenAI", azure.port),
    ].join("---\n");
    const route = routeYaml("llm-route", {
      "gpt-4o": ["azure-dated, modelNameOverride: acme 4o", "openai-backend"],
      "gpt-4o-mini": ["azure-v1"],
    });
    world = await startWorld({ yaml, route });
  });
  after(async () => {
    await world?.close();
    await azure?.close();
  });
  beforeEach(() => {
    world.openai.reset();
    azure.reset();
  });

  function textOf(answer: Answer): string {
    return answer
      .events()
      .map((event) => event.choices[0]?.delta?.content ?? "")
      .join("");
  }

  it("names the deployment in the path, with the key that Azure wants (R23, R31)", async () => {
    const headers = { "x-mock-usage": "60,40", authorization: "Bearer of-the-client", "api-key": "of-the-client" };
    const answer = await chat(world.url, "gpt-4o", { headers });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers).to.include({ "x-ai-provider": "azureopenai", "x-ai-gateway-tokens-used": "100" });
    expect(answer.json().prompt_filter_results).to.have.length(1);
    const [request] = azure.requests;
    expect(request?.path).to.equal("/openai/deployments/acme%204o/chat/completions?api-version=2024-10-21");
    expect(request?.headers).to.include({ "api-key": azureKey });
    expect(request?.headers).not.to.have.property("authorization");
    const line = await world.access(({ request_id }) => request_id === answer.headers["x-request-id"]);
    expect(line).to.include({ llm_total_token: 100, usage_estimated: false });
  });

  it("speaks to the v1 surface without a version where none is configured (R31)", async () => {
    const answer = await chat(world.url, "gpt-4o-mini");
    expect(answer.status, answer.text).to.equal(200);
    expect(azure.requests[0]?.path).to.equal("/openai/v1/chat/completions");
    expect(JSON.parse(azure.requests[0]?.body.toString() ?? "").model).to.equal("gpt-4o-mini");
  });

  it("passes the first event without choices, and hides only the usage that it asked for itself (R7, R8)", async () => {
    const headers = { "x-mock-usage": "60,40", "x-request-id": "azure-stream" };
    const answer = await chat(world.url, "gpt-4o", { headers, body: { stream: true } });
    const [first, ...others] = answer.events();
    expect(first).to.deep.include({ choices: [], id: "" }).and.to.have.property("prompt_filter_results");
    expect(others.every((event) => event.choices.length === 1)).to.equal(true);
    expect(textOf(answer)).to.equal("Hello from the mock.");
    expect(answer.text.endsWith("data: [DONE]\n\n")).to.equal(true);
    const line = await world.access(({ request_id }) => request_id === "azure-stream");
    expect(line).to.include({ llm_total_token: 100, usage_estimated: false });
  });

  for (const stream of [false, true]) {
    it(`falls back from Azure to OpenAI with its own key, path and model: ${stream ? "stream" : "JSON"} (R24)`, async () => {
      const headers = { "x-mock-fault": "azureopenai=429" };
      const answer = await chat(world.url, "gpt-4o", { headers, body: { stream } });
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers).to.include({ "x-ai-provider": "openai", "x-ai-model": "gpt-4o" });
      expect(stream ? textOf(answer) : answer.json().choices[0].message.content).to.equal("Hello from the mock.");
      const [request] = world.openai.requests;
      expect(request?.path).to.equal("/v1/chat/completions");
      expect(request?.headers).to.include({ authorization: `Bearer ${openaiKey}` });
      expect(request?.headers).not.to.have.property("api-key");
      expect(JSON.parse(request?.body.toString() ?? "").model).to.equal("gpt-4o");
      expect(azure.bill().total.total).to.equal(0);
    });
  }

  it("passes a refusal of the content filter with its code, and asks nobody else (R18)", async () => {
    const body = { messages: [{ role: "user", content: "[filtered]" }] };
    const answer = await chat(world.url, "gpt-4o", { body });
    expect(answer.status).to.equal(400);
    expect(answer.json().error).to.include({ code: "content_filter", param: "prompt" });
    expect(answer.json().error.innererror.code).to.equal("ResponsibleAIPolicyViolation");
    expect(world.openai.requests).to.have.length(0);
  });

  it("tells a client of a wrong key that the gateway's was refused, not what Azure says of it", async () => {
    const answer = await chat(world.url, "gpt-4o-mini", { headers: { "x-mock-fault": "401" } });
    expect(answer.status).to.equal(401);
    expect(answer.json().error.code).to.equal("upstream_authentication");
  });

  it("is understood by OpenAI's own client", async () => {
    const client = new OpenAI({ apiKey: "unused", baseURL: `${world.url}/v1`, maxRetries: 0 });
    const messages = hello.messages as OpenAI.ChatCompletionMessageParam[];
    const stream = client.chat.completions.stream({ messages, model: "gpt-4o" });
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).to.equal("Hello from the mock.");
  });
});

import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { aiResource, secret } from "../config/support.ts";
import { chat } from "../support/client.ts";
import { type Stack, startStack } from "../support/stack.ts";

describe("a backend at localhost", function () {
  this.timeout(60_000);
  let mock: RunningMock;
  let stack: Stack;

  before(async () => {
    mock = await startMock({ provider: "OpenAI", host: "127.0.0.1", apiKey: "key" });
    const auth = "{apiKeySecretRef: {name: keys, key: api-key}}";
    const endpoint = `http://localhost:${mock.port}/v1`;
    stack = await startStack({
      yaml: [
        secret("keys", "{api-key: key}"),
        aiResource("AIBackend", "local", `{provider: OpenAI, endpoint: '${endpoint}', auth: ${auth}}`),
        aiResource("AIGatewayRoute", "route", "{rules: [{backendRefs: [{name: local}]}]}"),
      ].join(""),
    });
  });
  after(async () => {
    await stack?.close();
    await mock?.close();
  });

  it("is reached though it listens on IPv4 only: Envoy by itself takes localhost for ::1", async () => {
    const answer = await chat(stack.url, "gpt-4o");
    expect(answer.status, answer.text).to.equal(200);
    expect(mock.requests).to.have.length(1);
  });
});

import { createServer } from "node:net";
import { expect } from "chai";
import { claimPort } from "../../src/cli/ports.ts";
import { type Answer, chat } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { anthropicKey, openaiKey, startWorld, unreachableYaml, type World } from "../support/world.ts";

/** A route of a model whose first backend is a port where nobody listens. */
function refusedYaml(port: number): string {
  return `${unreachableYaml(port)}---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: unreachable, namespace: ai-services}
spec:
  rules:
    - matches: [{headers: [{name: x-ai-eg-model, value: refused}]}]
      backendRefs: [{name: nobody, priority: 0}, {name: anthropic-backend, priority: 1, modelNameOverride: claude-sonnet-4-20250514}]
    - matches: [{headers: [{name: x-ai-eg-model, value: unresolved}]}]
      backendRefs: [{name: unresolved, priority: 0}, {name: anthropic-backend, priority: 1, modelNameOverride: claude-sonnet-4-20250514}]
    - matches: [{headers: [{name: x-ai-eg-model, value: dead}]}]
      backendRefs: [{name: nobody}]
    - name: priority-high
      matches: [{headers: [{name: priority, value: high}]}]
      backendRefs:
        - {name: openai-backend, priority: 0, modelNameOverride: gpt-4o}
        - {name: anthropic-backend, priority: 1, modelNameOverride: claude-sonnet-4-20250514}
    - name: everything-else
      matches: [{headers: [{name: x-ai-eg-model, type: RegularExpression, value: "plain-.*"}]}]
      backendRefs:
        - {name: openai-backend, priority: 0, modelNameOverride: gpt-4o-mini}
        - {name: anthropic-backend, priority: 1, modelNameOverride: claude-3-5-haiku-20241022}
---
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate, namespace: ai-services}
spec: {defaults: {model: plain-default}}
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: quick-retry, namespace: ai-services}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: llm-route}]
  retry:
    retryOn: {httpStatusCodes: [429, 500, 502, 503, 504, 529], triggers: [connect-failure, reset-before-request, refused-stream, retriable-status-codes, reset, 5xx]}
    perRetry: {timeout: 300ms}
`;
}

describe("fallback from OpenAI to Anthropic", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld({
      yaml: `${refusedYaml(await claimPort("127.0.0.1", 0, ""))}---${policyYaml("all-users", [
        { requests: 1_000_000, selectors: ["x-user-id"] },
      ])}`,
    });
  });
  after(() => world?.close());
  beforeEach(() => {
    world.openai.reset();
    world.anthropic.reset();
  });

  function text(answer: Answer, stream: boolean): string {
    if (!stream) return answer.json().choices[0].message.content;
    return answer
      .events()
      .map((event) => event.choices[0]?.delta?.content ?? "")
      .join("");
  }

  function isServedByAnthropic(answer: Answer, stream: boolean, model = "claude-sonnet-4-20250514"): void {
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers).to.include({ "x-ai-provider": "anthropic", "x-ai-model": model });
    expect(text(answer, stream)).to.equal("Hello from the mock.");
    if (stream) expect(answer.text.endsWith("data: [DONE]\n\n")).to.equal(true);
    else expect(answer.json().object).to.equal("chat.completion");
    const [request, ...more] = world.anthropic.requests;
    expect(more).to.have.length(0);
    expect(request?.path).to.equal("/v1/messages");
    expect(JSON.parse(request?.body.toString() ?? "")).to.include({ model });
    expect(request?.headers).to.include({ "x-api-key": anthropicKey, "anthropic-version": "2023-06-01" });
    // nothing of the first provider's credentials, names or identity
    expect(JSON.stringify(request?.headers)).not.to.contain(openaiKey);
    for (const name of ["authorization", "x-user-id", "x-ai-eg-model", "x-tollgate-backend", "x-tollgate-route"])
      expect(request?.headers).not.to.have.property(name);
  }

  for (const stream of [false, true]) {
    describe(stream ? "streams" : "JSON answers", () => {
      const body = stream ? { stream: true } : {};
      for (const status of [429, 500, 502, 503, 529]) {
        it(`goes on after a ${status}`, async () => {
          const answer = await chat(world.url, "gpt-4o", {
            headers: { "x-mock-fault": `openai=${status}`, "x-user-id": `u${status}${stream}` },
            body,
          });
          isServedByAnthropic(answer, stream);
          expect(answer.headers["x-ai-attempts"]).to.equal("2");
          expect(world.openai.requests).to.have.length(1);
          expect(world.openai.requests[0]?.headers["authorization"]).to.equal(`Bearer ${openaiKey}`);
          const line = await world.requestLog((candidate) => candidate["x-user-id"] === `u${status}${stream}`);
          expect(line["attempts"]).to.deep.equal([
            { backend: "ai-services/openai-backend", status, outcome: `status_${status}` },
            { backend: "ai-services/anthropic-backend", status: 200, outcome: "ok" },
          ]);
        });
      }

      it("goes on after a reset before headers", async () => {
        const answer = await chat(world.url, "gpt-4o", { headers: { "x-mock-fault": "openai=reset" }, body });
        isServedByAnthropic(answer, stream);
      });

      it("goes on after a refused connection", async () => {
        const answer = await chat(world.url, "refused", { headers: { "x-user-id": `refused${stream}` }, body });
        isServedByAnthropic(answer, stream);
        const line = await world.requestLog((candidate) => candidate["x-user-id"] === `refused${stream}`);
        expect((line["attempts"] as { backend: string }[]).map(({ backend }) => backend)).to.deep.equal([
          "ai-services/nobody",
          "ai-services/anthropic-backend",
        ]);
      });

      it("goes on when the name of a provider cannot be resolved", async () => {
        isServedByAnthropic(await chat(world.url, "unresolved", { body }), stream);
      });

      it("goes on after the per-try time-out that a policy asks for", async () => {
        const answer = await chat(world.url, "gpt-4o", { headers: { "x-mock-fault": "openai=slow" }, body });
        isServedByAnthropic(answer, stream);
      });
    });
  }

  it("does not cut a slow JSON answer where nobody asked for a per-try time-out", async () => {
    const answer = await chat(world.url, "plain-x", { headers: { "x-mock-delay": "600" } });
    expect(answer.headers["x-ai-provider"]).to.equal("openai");
    expect(world.anthropic.requests).to.have.length(0);
  });

  it("charges the attempt that answered, once", async () => {
    const user = { "x-user-id": "charged-once", "x-mock-usage": "60,40" };
    await chat(world.url, "gpt-4o", { headers: { ...user, "x-mock-fault": "openai=429" } });
    const { headers } = await chat(world.url, "gpt-4o", { headers: { ...user, "x-mock-usage": "0,0" } });
    expect(1_000_000 - Number(headers["x-ratelimit-remaining"])).to.equal(100);
    expect(world.openai.bill().total.total).to.equal(0);
    expect(world.anthropic.bill().total.total).to.equal(100);
  });

  it("does not retry once the first byte of an answer has left", async () => {
    const failed = await chat(world.url, "gpt-4o", {
      // slow enough for the first bytes to have left before the reset comes
      headers: { "x-mock-fault": "openai=reset-mid", "x-mock-chunks": "8", "x-mock-chunk-delay": "50" },
      body: { stream: true },
    }).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(world.anthropic.requests).to.have.length(0);
    expect(world.openai.requests).to.have.length(1);
  });

  it("gives the last provider's error in the client's dialect when all fail", async () => {
    const answer = await chat(world.url, "gpt-4o", { headers: { "x-mock-fault": "openai=429;anthropic=529" } });
    expect(answer.status).to.equal(529);
    expect(answer.json().error).to.have.all.keys("message", "type", "param", "code");
    expect(answer.json().error.message).to.contain("529");
    expect(answer.headers["content-type"]).to.contain("application/json");
    expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
    expect(world.openai.requests).to.have.length(1);
    expect(world.anthropic.requests).to.have.length(1);
  });

  it("answers 503 in the client's dialect when no provider can be reached", async () => {
    const answer = await chat(world.url, "dead", { headers: { "x-user-id": "nobody-home" } });
    expect(answer.status).to.equal(503);
    expect(answer.json().error.code).to.equal("upstream_unavailable");
    expect(answer.json().error.message).to.contain("ai-services/nobody");
    const line = await world.access(({ path, code }) => path === "/v1/chat/completions" && code === 503);
    expect(line["llm_total_token"]).to.equal(0);
  });

  describe("routing by the header priority: high", () => {
    it("sends high priority to gpt-4o and everything else to gpt-4o-mini", async () => {
      await chat(world.url, "plain-x", { headers: { priority: "high" } });
      await chat(world.url, "plain-x", {});
      const models = world.openai.requests.map(({ body }) => JSON.parse(body.toString()).model);
      expect(models).to.deep.equal(["gpt-4o", "gpt-4o-mini"]);
    });

    it("falls back from both", async () => {
      const fault = { "x-mock-fault": "openai=500" };
      const high = await chat(world.url, "plain-x", { headers: { ...fault, priority: "high" } });
      isServedByAnthropic(high, false, "claude-sonnet-4-20250514");
      world.anthropic.reset();
      const plain = await chat(world.url, "plain-x", { headers: fault });
      isServedByAnthropic(plain, false, "claude-3-5-haiku-20241022");
    });
  });

  it("goes on when a provider accepts connections and hangs up at once", async () => {
    // the mock's reset comes after the request was read; this one comes before
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const other = await startWorld({ yaml: refusedYaml(port) });
    try {
      const answer = await chat(other.url, "refused", {});
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
    } finally {
      await other.close();
      server.close();
    }
  });
});

import { expect } from "chai";
import { type Answer, chat, open } from "../support/client.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

/** A QuotaPolicy for one backend; `spec` are its other members. */
function quotaYaml(name: string, backend: string, spec: string): string {
  return `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: QuotaPolicy
metadata: {name: ${name}, namespace: ai-services}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIBackend, name: ${backend}}]
${spec}
`;
}

/** All windows are days: none ends within a test but at midnight, when every count only becomes smaller. */
const bucket = (limit: number): string => `{limit: ${limit}, duration: 1d}`;

/** A slow disk under Redis is not what is tested here: nothing is counted in this process instead. */
const patientStore = `
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate}
spec: {store: {timeoutMs: 5000}}
`;

const yaml = [
  patientStore,
  quotaYaml(
    "openai",
    "openai-backend",
    `
  perModelQuotas:
    - modelName: gpt-4o
      quota: {defaultBucket: ${bucket(100)}}
    - modelName: tenant-model
      quota:
        defaultBucket: ${bucket(1)}
        bucketRules:
          - {clientSelectors: [{headers: [{name: x-tenant, type: Distinct}]}], quota: ${bucket(100)}}
    - modelName: shadow-model
      quota:
        bucketRules:
          - {clientSelectors: [{headers: [{name: x-user-id, type: Distinct}]}], quota: ${bucket(10)}, shadowMode: true}
    - modelName: failing-model
      quota: {defaultBucket: ${bucket(100)}}
    - modelName: stream-model
      quota: {costExpression: output_tokens, defaultBucket: ${bucket(1)}}`,
  ),
  quotaYaml(
    "anthropic",
    "anthropic-backend",
    `
  perModelQuotas:
    - modelName: claude-sonnet-4-20250514
      quota: {costExpression: "input_tokens + 10 * output_tokens", mode: Shared, defaultBucket: ${bucket(1_000)}}`,
  ),
  quotaYaml("bedrock", "bedrock-backend", `  serviceQuota: {quota: ${bucket(150)}}`),
].join("---");

const route = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend", "anthropic-backend"],
  "tenant-model": ["openai-backend"],
  "shadow-model": ["openai-backend"],
  "failing-model": ["openai-backend", "bedrock-backend"],
  "stream-model": ["openai-backend"],
  "claude-sonnet-4-20250514": ["anthropic-backend"],
  "amazon.one-v1:0": ["bedrock-backend"],
  "amazon.two-v1:0": ["bedrock-backend"],
});

for (const store of ["memory", "Redis"] as const) {
  describe(`QuotaPolicy, counted in ${store}`, function () {
    this.timeout(60_000);
    let redis: TestRedis | undefined;
    let world: World;

    beforeEach(async () => {
      if (store === "Redis") redis = await startRedis();
      world = await startWorld({ yaml, route, ...(redis === undefined ? {} : { storeUrl: redis.url }) });
    });
    afterEach(async () => {
      await world?.close();
      await redis?.stop();
      redis = undefined;
    });

    function call(model: string, usage: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
      return chat(world.url, model, { headers: { "x-mock-usage": usage, ...headers } });
    }

    function expectUsedUp(answer: Answer, quota: Readonly<Record<string, unknown>>): void {
      expect(answer.status, answer.text).to.equal(429);
      const { error } = answer.json();
      expect(error).to.include({ type: "rate_limit_error", code: "quota_exceeded" });
      expect(error.quota).to.include({ unit: "Day", ...quota });
      const waitMs = Date.parse(error.quota.resets_at) - Date.now();
      expect(Number(answer.headers["retry-after"])).to.be.within(waitMs / 1_000 - 5, waitMs / 1_000 + 5);
    }

    it("leaves out a backend whose quota is used up: the fallback serves, and only its quota is charged", async () => {
      expect((await call("gpt-4o", "60,41")).headers["x-ai-provider"]).to.equal("openai");
      const asked = world.openai.requests.length;
      const second = await call("gpt-4o", "60,41", { "x-request-id": "second" });
      expect(second.status, second.text).to.equal(200);
      expect(second.headers).to.include({ "x-ai-provider": "anthropic", "x-ai-model": "claude-sonnet-4-20250514" });
      expect(world.openai.requests.length).to.equal(asked);
      const line = await world.requestLog((one) => one["request_id"] === "second");
      const [dropped] = line["dropped"] as { backendId: string; reason: string }[];
      expect(dropped?.backendId).to.equal("ai-services/openai-backend");
      expect(dropped?.reason).to.match(
        /^the quota openai quota of gpt-4o of backend ai-services\/openai-backend is used up for everybody together: 101 of 100 per day used; it resets at /,
      );
      expect(await world.gateway.metrics.render()).to.match(
        /tollgate_quota_refusals_total\{quota="ai-services\/openai\/[^"]+"\} 1\n/,
      );
      // 60 + 10 × 41 = 470 of 1,000; 30 + 10 × 60 = 630 more are over it
      expect((await call("claude-sonnet-4-20250514", "30,60")).status).to.equal(200);
      expectUsedUp(await call("claude-sonnet-4-20250514", "1,1"), { used: 1_100, limit: 1_000 });
      const none = await call("gpt-4o", "1,1");
      expect(none.status).to.equal(429);
      expect(["ai-services/openai-backend", "ai-services/anthropic-backend"]).to.contain(
        none.json().error.quota.backend,
      );
    });

    it("counts every tenant apart, and who names none with all who do not", async () => {
      const ada = { "x-tenant": "ada" };
      expect((await call("tenant-model", "60,41", ada)).status).to.equal(200);
      const sent = world.openai.requests.length;
      const refused = await call("tenant-model", "60,41", { ...ada, "x-request-id": "refused" });
      expectUsedUp(refused, {
        policy: "ai-services/openai",
        name: "openai quota of tenant-model rule 1",
        backend: "ai-services/openai-backend",
        limit: 100,
        used: 101,
      });
      expect(refused.json().error.message).to.match(
        /^the quota openai quota of tenant-model rule 1 of backend ai-services\/openai-backend is used up for x-tenant "ada": 101 of 100 per day used; it resets at \S+, in \d+ seconds$/,
      );
      expect(world.openai.requests.length).to.equal(sent);
      // whom it counted is nobody's business but the gateway's
      expect(world.openai.requests[0]?.headers).to.not.have.property("x-tenant");
      expect(await world.requestLog((one) => one["request_id"] === "refused")).to.include({
        outcome: "rejected",
        code: "quota_exceeded",
      });
      expect((await call("tenant-model", "1,1", { "x-tenant": "bob" })).status).to.equal(200);
      expect((await call("tenant-model", "1,1")).status).to.equal(200);
      expectUsedUp(await call("tenant-model", "1,1"), { name: "openai quota of tenant-model", used: 2, limit: 1 });
    });

    it("refuses nobody in shadow mode, and counts whom it would have refused", async () => {
      const ada = { "x-user-id": "ada" };
      for (let calls = 0; calls < 3; calls++) expect((await call("shadow-model", "60,40", ada)).status).to.equal(200);
      expect(await world.gateway.metrics.render()).to.match(
        /tollgate_shadow_refusals_total\{rule="ai-services\/openai\/[^"]+"\} 2\n/,
      );
    });

    it("counts everything that is sent to a backend on its service quota", async () => {
      expect((await call("amazon.one-v1:0", "60,20")).status).to.equal(200);
      expect((await call("amazon.two-v1:0", "60,20")).status).to.equal(200);
      for (const model of ["amazon.one-v1:0", "amazon.two-v1:0"])
        expectUsedUp(await call(model, "1,1"), { name: "bedrock service quota", used: 160, limit: 150 });
    });

    it("charges an attempt that failed to nobody, and the fallback's use to the fallback", async () => {
      const failing = { "x-mock-fault": "openai=503", "x-request-id": "fallback" };
      const answer = await call("failing-model", "60,41", failing);
      expect(answer.headers["x-ai-provider"], answer.text).to.equal("awsbedrock");
      await world.requestLog((one) => one["request_id"] === "fallback");
      expect((await call("failing-model", "60,40")).headers["x-ai-provider"]).to.equal("openai");
      // 100 of 100: not above it, as with rate limits
      expect((await call("failing-model", "1,1")).headers["x-ai-provider"]).to.equal("openai");
      expect((await call("failing-model", "60,41")).headers["x-ai-provider"]).to.equal("awsbedrock");
      expectUsedUp(await call("amazon.one-v1:0", "1,1"), { used: 202 });
    });

    it("charges a stream that the client leaves for what came of it", async () => {
      const { request, response } = open(world.url, {
        headers: { "x-ai-eg-model": "stream-model", "x-mock-chunks": "50", "x-mock-chunk-delay": "20" },
        body: { stream: true, messages: [{ role: "user", content: "Hello" }] },
      });
      let text = "";
      for await (const chunk of await response) {
        text += String(chunk);
        if (text.split("data:").length > 20) break;
      }
      request.destroy();
      const refused = await until("the quota to be used up", async () => {
        const answer = await chat(world.url, "stream-model", { headers: { "x-mock-usage": "1,0" } });
        return answer.status === 429 ? answer : undefined;
      });
      expect(refused.json().error.quota.used).to.be.within(2, 40);
    });
  });
}

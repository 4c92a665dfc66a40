import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { chat, hello, send } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { anthropicKey, aws, openaiKey } from "../support/world.ts";

interface Ports {
  readonly openai: number;
  readonly anthropic: number;
  readonly bedrock: number;
}

function serviceBackend(name: string, schema: string, port: number, policy: string): string {
  return `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: ${name}, namespace: ai-services}
spec: {endpoints: [{ip: {address: 127.0.0.1, port: ${port}}}]}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIServiceBackend
metadata: {name: ${name}, namespace: ai-services}
spec: {schema: {name: ${schema}}, backendRef: {name: ${name}, kind: Backend, group: gateway.envoyproxy.io}}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: BackendSecurityPolicy
metadata: {name: ${name}, namespace: ai-services}
spec:
  targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: ${name}}]
  ${policy}
`;
}

/** The same gateway as the tutorial's, in the Envoy AI Gateway's own kinds. */
function resources({ openai, anthropic, bedrock }: Ports): string {
  return [
    `
apiVersion: v1
kind: Secret
metadata: {name: openai-key, namespace: ai-services}
stringData: {apiKey: ${openaiKey}}
---
apiVersion: v1
kind: Secret
metadata: {name: anthropic-key, namespace: ai-services}
stringData: {apiKey: ${anthropicKey}}
---
apiVersion: v1
kind: Secret
metadata: {name: aws-key, namespace: ai-services}
stringData:
  credentials: |
    [default]
    aws_access_key_id = ${aws.accessKeyId}
    aws_secret_access_key = ${aws.secretAccessKey}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: ai-gateway
  namespace: ai-services
  annotations: {aigateway.envoyproxy.io/gateway-config: costs}
spec: {gatewayClassName: envoy, listeners: [{name: http, protocol: HTTP, port: 80}]}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: GatewayConfig
metadata: {name: costs, namespace: ai-services}
spec: {globalLLMRequestCosts: [{metadataKey: weighted, type: CEL, cel: "input_tokens + output_tokens * 4u"}]}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: llm-route, namespace: ai-services}
spec:
  parentRefs: [{name: ai-gateway, kind: Gateway, group: gateway.networking.k8s.io}]
  llmRequestCosts: [{metadataKey: route_total, type: TotalToken}]
  rules:
    - matches: [{headers: [{type: Exact, name: x-ai-eg-model, value: gpt-4o}]}]
      backendRefs:
        - {name: openai, priority: 0}
        - {name: anthropic, priority: 1, modelNameOverride: claude-sonnet-4-20250514}
    - matches: [{headers: [{type: Exact, name: x-ai-eg-model, value: "amazon.nova-lite-v1:0"}]}]
      backendRefs: [{name: bedrock}]
`,
    serviceBackend("openai", "OpenAI", openai, "type: APIKey\n  apiKey: {secretRef: {name: openai-key}}"),
    serviceBackend(
      "anthropic",
      "Anthropic",
      anthropic,
      "type: AnthropicAPIKey\n  anthropicAPIKey: {secretRef: {name: anthropic-key}}",
    ),
    serviceBackend(
      "bedrock",
      "AWSBedrock",
      bedrock,
      `type: AWSCredentials\n  awsCredentials: {region: ${aws.region}, credentialsFile: {secretRef: {name: aws-key}}}`,
    ),
    policyYaml("weighted-budget", [{ requests: 500, selectors: ["x-user-id"], key: "weighted" }]),
  ].join("---");
}

describe("the Envoy AI Gateway's kinds", function () {
  this.timeout(60_000);
  let mocks: readonly RunningMock[] = [];
  let stack: Stack;

  before(async () => {
    const openai = await startMock({ provider: "OpenAI", apiKey: openaiKey });
    const anthropic = await startMock({ provider: "Anthropic", apiKey: anthropicKey });
    const bedrock = await startMock({ provider: "AWSBedrock", aws });
    mocks = [openai, anthropic, bedrock];
    const yaml = resources({ openai: openai.port, anthropic: anthropic.port, bedrock: bedrock.port });
    stack = await startStack({ yaml });
  });
  after(async () => {
    await stack?.close();
    await Promise.all(mocks.map((mock) => mock.close()));
  });

  it("serve with API keys, fall back, and sign for AWS", async () => {
    const answer = await chat(stack.url, "gpt-4o");
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers["x-ai-provider"]).to.equal("openai");
    const fallback = await chat(stack.url, "gpt-4o", { headers: { "x-mock-fault": "openai=429" } });
    expect([fallback.status, fallback.headers["x-ai-provider"]]).to.deep.equal([200, "anthropic"]);
    const signed = await chat(stack.url, "amazon.nova-lite-v1:0");
    expect(signed.status, signed.text).to.equal(200);
    expect(signed.headers["x-ai-provider"]).to.equal("awsbedrock");
  });

  it("let the body's model win over the header, as that gateway does", async () => {
    const answer = await send(stack.url, {
      headers: { "x-ai-eg-model": "gpt-4o" },
      body: { ...hello, model: "amazon.nova-lite-v1:0" },
    });
    expect(answer.headers["x-ai-provider"]).to.equal("awsbedrock");
    expect(answer.headers["x-ai-gateway-warnings"]).to.equal("model_header_and_body_differ");
  });

  it("write the route's costs and the gateway's, and limit by them", async () => {
    const call = (id: string) =>
      chat(stack.url, "gpt-4o", {
        headers: { "x-mock-usage": "60,40", "x-user-id": "ada", "x-request-id": id },
      });
    for (const id of ["weigh-1", "weigh-2", "weigh-3"]) expect((await call(id)).status).to.equal(200);
    const line = await stack.access(({ request_id }) => request_id === "weigh-1");
    expect(line).to.deep.include({ weighted: 220, route_total: 100, llm_total_token: 100 });
    const refused = await call("weigh-4");
    expect(refused.status).to.equal(429);
    expect(refused.json().error.message).to.contain("660 of 500");
  });
});

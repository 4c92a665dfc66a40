import { policyYaml } from "../support/policy.ts";

const backend = (name: string, provider: string, port: number, auth: string, more = ""): string => `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: ${name}, namespace: ai-services}
spec: {provider: ${provider}, endpoint: "http://127.0.0.1:${port}", auth: {apiKeySecretRef: {name: keys, key: ${auth}}}${more}}
`;

/** Three providers at one port, one that streams at another, a route for each model, and, if wanted, a budget that is never used up. */
export function benchResources(port: number, streamPort: number, limited: boolean): string {
  const rules = Object.entries({ "gpt-4o": "openai", claude: "anthropic", nova: "bedrock" }).map(
    ([model, name]) => `
    - matches: [{headers: [{name: x-ai-eg-model, value: ${model}}]}]
      backendRefs: [{name: ${name}, modelNameOverride: ${model}}]`,
  );
  return [
    `
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: ai-services}
stringData: {api-key: bench, access-key-id: BENCH, secret-access-key: bench}
`,
    backend("openai", "OpenAI", port, "api-key"),
    backend("streams", "OpenAI", streamPort, "api-key"),
    backend("anthropic", "Anthropic", port, "api-key"),
    backend("bedrock", "AWSBedrock", port, "access-key-id", ", region: us-east-1"),
    `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: llm-route, namespace: ai-services}
spec:
  rules:
    - matches: [{headers: [{name: x-bench-stream, value: "1"}]}]
      backendRefs: [{name: streams, modelNameOverride: gpt-4o}]${rules.join("")}
`,
    ...(limited ? [policyYaml("users", [{ requests: 900_000_000_000, selectors: ["x-user-id"] }])] : []),
  ].join("---");
}

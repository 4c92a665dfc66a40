import { budgetYaml } from "../support/budget.ts";
import { policyYaml } from "../support/policy.ts";

const backend = (name: string, provider: string, port: number, auth: string, more = ""): string => `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: ${name}, namespace: ai-services}
spec: {provider: ${provider}, endpoint: "http://127.0.0.1:${port}", auth: {apiKeySecretRef: {name: keys, key: ${auth}}}${more}}
`;

/** What bounds the requests of each user; never used up. */
const bounds = {
  none: [],
  limit: [policyYaml("users", [{ requests: 900_000_000_000, selectors: ["x-user-id"] }])],
  budget: [budgetYaml("dollars", { amount: 1_000_000_000 })],
} as const;

/** Three providers at one port, a route for each model, and what bounds its requests. */
export function benchResources(port: number, bound: keyof typeof bounds): string {
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
    backend("anthropic", "Anthropic", port, "api-key"),
    backend("bedrock", "AWSBedrock", port, "access-key-id", ", region: us-east-1"),
    `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: llm-route, namespace: ai-services}
spec:
  rules:${rules.join("")}
`,
    ...bounds[bound],
  ].join("---");
}

import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { type Stack, type StackOptions, startStack } from "./stack.ts";

export const openaiKey = "sk-openai-test-key";
export const anthropicKey = "sk-ant-test-key";
export const aws = { accessKeyId: "AKIDTEST", secretAccessKey: "test/secret+key", region: "us-east-1" };

/** Backends with their keys, as the tutorial's 06-backends.yaml has them, and Bedrock beside them. */
export const backendsYaml = `
apiVersion: v1
kind: Secret
metadata: {name: openai-credentials, namespace: ai-services}
stringData: {api-key: ${openaiKey}}
---
apiVersion: v1
kind: Secret
metadata: {name: anthropic-credentials, namespace: ai-services}
stringData: {api-key: ${anthropicKey}}
---
apiVersion: v1
kind: Secret
metadata: {name: aws-credentials, namespace: ai-services}
stringData: {access-key-id: ${aws.accessKeyId}, secret-access-key: ${aws.secretAccessKey}}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: openai-backend, namespace: ai-services}
spec: {provider: OpenAI, auth: {apiKeySecretRef: {name: openai-credentials, key: api-key}}}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: anthropic-backend, namespace: ai-services}
spec: {provider: Anthropic, models: {gpt-4o: claude-sonnet-4-20250514}, auth: {apiKeySecretRef: {name: anthropic-credentials, key: api-key}}}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: bedrock-backend, namespace: ai-services}
spec: {provider: AWSBedrock, region: ${aws.region}, auth: {apiKeySecretRef: {name: aws-credentials, key: access-key-id}}}
`;

/** A backend of a provider that wants a key, and the Secret with it. `more`: further members of its spec as YAML. */
export function backendYaml(name: string, provider: string, key: string, more = ""): string {
  return `
apiVersion: v1
kind: Secret
metadata: {name: ${name}-key, namespace: ai-services}
stringData: {api-key: ${key}}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: ${name}, namespace: ai-services}
spec: {provider: ${provider}, ${more} auth: {apiKeySecretRef: {name: ${name}-key, key: api-key}}}
`;
}

/** The mock that runs at a port as a backend's stand-in. */
export function mockYaml(name: string, provider: string, port: number): string {
  return `
apiVersion: tollgate.dev/v1alpha1
kind: MockBackend
metadata: {name: ${name}, namespace: ai-services}
spec: {provider: ${provider}, address: "127.0.0.1:${port}"}
`;
}

/** Two backends that no request reaches: `nobody` at a port where nobody listens, `unresolved` at a name without an address. */
export function unreachableYaml(port: number): string {
  return `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: nobody, namespace: ai-services}
spec: {provider: OpenAI, endpoint: "http://127.0.0.1:${port}", auth: {apiKeySecretRef: {name: openai-credentials, key: api-key}}}
---
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: unresolved, namespace: ai-services}
spec: {provider: OpenAI, endpoint: "http://no-such-host.invalid:80", auth: {apiKeySecretRef: {name: openai-credentials, key: api-key}}}
`;
}

/** One rule per line: \`model: backend, backend\` in order of priority. */
export function routeYaml(name: string, rules: Readonly<Record<string, readonly string[]>>): string {
  const lines = Object.entries(rules).map(
    ([model, backends]) => `
    - matches: [{headers: [{name: x-ai-eg-model, value: "${model}"}]}]
      backendRefs: [${backends.map((backend, index) => `{name: ${backend}, priority: ${index}}`).join(", ")}]`,
  );
  return `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIGatewayRoute
metadata: {name: ${name}, namespace: ai-services}
spec:
  rules:${lines.join("")}
`;
}

export const defaultRoute = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend", "anthropic-backend"],
  "gpt-4o-mini": ["openai-backend", "anthropic-backend"],
  "claude-sonnet-4-20250514": ["anthropic-backend"],
  "anthropic.claude-sonnet-4-5-20250929-v1:0": ["bedrock-backend"],
});

interface Mocks {
  readonly openai: RunningMock;
  readonly anthropic: RunningMock;
  readonly bedrock: RunningMock;
}

/** Three mock providers, and the resources that lead to them: backends, `route` (or `defaultRoute`) and `yaml`. */
export async function startMocks(
  options: { readonly yaml?: string; readonly route?: string } = {},
): Promise<Mocks & { readonly resources: string; close(): Promise<void> }> {
  const openai = await startMock({ provider: "OpenAI", apiKey: openaiKey });
  const anthropic = await startMock({ provider: "Anthropic", apiKey: anthropicKey });
  const bedrock = await startMock({ provider: "AWSBedrock", aws });
  const resources = [
    backendsYaml,
    mockYaml("openai-backend", "OpenAI", openai.port),
    mockYaml("anthropic-backend", "Anthropic", anthropic.port),
    mockYaml("bedrock-backend", "AWSBedrock", bedrock.port),
    options.route ?? defaultRoute,
    ...(options.yaml === undefined ? [] : [options.yaml]),
  ].join("\n---\n");
  return {
    openai,
    anthropic,
    bedrock,
    resources,
    close: async () => {
      await Promise.all([openai.close(), anthropic.close(), bedrock.close()]);
    },
  };
}

export interface World extends Stack, Mocks {}

/** A real Envoy in front of three mock providers. `yaml` comes beside the backends and `defaultRoute` (or `route`). */
export async function startWorld(options: StackOptions & { readonly route?: string } = {}): Promise<World> {
  const { resources, close, ...mocks } = await startMocks(options);
  try {
    const stack = await startStack({ ...options, yaml: resources });
    return {
      ...stack,
      ...mocks,
      close: async () => {
        await stack.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

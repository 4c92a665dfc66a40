/** A header selector of a rate-limit rule: `x-user-id` alone is Distinct, `x-team-id=engineering` is Exact. */
function selector(text: string): string {
  const [name = "", value] = text.split("=");
  return value === undefined ? `{name: ${name}, type: Distinct}` : `{name: ${name}, type: Exact, value: "${value}"}`;
}

export interface LimitSpec {
  readonly requests: number;
  readonly selectors: readonly string[];
  readonly unit?: string;
  readonly key?: string;
  /** The rule's cost as YAML, instead of the response's tokens. */
  readonly cost?: string;
}

/** A BackendTrafficPolicy of the tutorial's shape: nothing is taken before the request, its tokens are after it. */
export function policyYaml(name: string, rules: readonly LimitSpec[], route = "llm-route"): string {
  const written = rules.map(
    ({ requests, selectors, unit = "Hour", key = "llm_total_token", cost }) => `
        - clientSelectors: [{headers: [${selectors.map(selector).join(", ")}]}]
          limit: {requests: ${requests}, unit: ${unit}}
          cost: ${cost ?? `{request: {from: Number, number: 0}, response: {from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: ${key}}}}`}`,
  );
  return `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: ${name}, namespace: ai-services}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${route}}]
  rateLimit:
    type: Global
    global:
      rules:${written.join("")}
`;
}

import { aiServiceBackend } from "../dialects/ai-gateway/ai-service-backend.ts";
import { backendSecurityPolicy } from "../dialects/ai-gateway/backend-security-policy.ts";
import { aiGatewayGroup } from "../dialects/common/groups.ts";
import { resolveReference } from "../references.ts";
import { policyAuth } from "./auth.ts";
import type { CompiledAuth } from "./compiled-auth.ts";
import type { CompileContext } from "./context.ts";

/** The credentials of each AIServiceBackend that a BackendSecurityPolicy targets, by the backend's id. */
export function compileSecurityPolicies(context: CompileContext): ReadonlyMap<string, CompiledAuth> {
  const { resources, report } = context;
  const credentials = new Map<string, CompiledAuth>();
  const policyOf = new Map<string, string>();
  for (const policy of resources.all(backendSecurityPolicy)) {
    const auth = policyAuth(context, policy);
    for (const [index, target] of (policy.body.spec.targetRefs ?? []).entries()) {
      const path = ["spec", "targetRefs", index];
      if (target.group !== aiGatewayGroup || target.kind !== "AIServiceBackend") {
        report.error(policy, [...path, "kind"], `only an AIServiceBackend of ${aiGatewayGroup} can be a target`);
        continue;
      }
      const resolved = resolveReference([aiServiceBackend], target, policy, [...path, "name"], resources, report);
      if (resolved.state === "missing")
        report.strictWarning(
          policy,
          [...path, "name"],
          `${resolved.reason}, so this policy gives nobody credentials; add it`,
        );
      if (resolved.state !== "found") continue;
      const { id } = resolved.resource;
      const other = policyOf.get(id);
      if (other !== undefined)
        report.error(
          policy,
          [...path, "name"],
          `BackendSecurityPolicy ${other} is for AIServiceBackend ${id} already; keep one of them`,
        );
      policyOf.set(id, policy.id);
      credentials.set(id, auth);
    }
  }
  return credentials;
}

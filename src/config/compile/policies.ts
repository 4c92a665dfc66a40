import type { Path } from "../diagnostics.ts";
import { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import type { TargetRef } from "../dialects/common/references.ts";
import { backendTrafficPolicy, unusedPolicyMembers } from "../dialects/gateway-api/backend-traffic-policy.ts";
import { gateway } from "../dialects/gateway-api/gateway.ts";
import { httpRoute } from "../dialects/gateway-api/http-route.ts";
import { resolveReference } from "../references.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";
import { isAttached, ownGatewayName } from "./parents.ts";

export type Policy = ResourceOf<typeof backendTrafficPolicy>;
type Route = ResourceOf<typeof aiGatewayRoute>;

/** A policy and which rules it is for. */
export interface PolicyAttachment {
  readonly policy: Policy;
  readonly level: "Route" | "Gateway";
  covers(route: Route, ruleName: string | undefined): boolean;
}

/** A target that does not exist limits nothing: a warning (limits.md L11). */
function attach(context: CompileContext, policy: Policy, target: TargetRef, path: Path): PolicyAttachment | undefined {
  const { resources, report } = context;
  const namePath = [...path, "name"];
  if (target.kind === "Gateway") {
    const named = { namespace: target.namespace ?? policy.namespace, name: target.name };
    const attachedTo = (parent: typeof named): PolicyAttachment => ({
      policy,
      level: "Gateway",
      covers: (route) => isAttached(route, parent),
    });
    const isParent = resources
      .all(aiGatewayRoute)
      .some((route) => (route.body.spec.parentRefs ?? []).length > 0 && isAttached(route, named));
    if (named.name === ownGatewayName || isParent) return attachedTo(named);
    const resolved = resolveReference([gateway], target, policy, namePath, resources, report);
    if (resolved.state === "found") return attachedTo(resolved.resource);
    if (resolved.state === "missing")
      report.strictWarning(
        policy,
        namePath,
        `${resolved.reason}, so this policy limits nothing; add it, or target a route`,
      );
    return undefined;
  }
  if (target.kind !== "HTTPRoute" && target.kind !== "AIGatewayRoute") {
    report.strictWarning(
      policy,
      [...path, "kind"],
      `a ${target.kind} cannot be a target, so this policy limits nothing; target an AIGatewayRoute, its HTTPRoute or a Gateway`,
    );
    return undefined;
  }
  const resolved = resolveReference([aiGatewayRoute], target, policy, namePath, resources, report);
  if (resolved.state === "found") {
    const { id } = resolved.resource;
    return {
      policy,
      level: "Route",
      covers: (route, ruleName) => route.id === id && (target.sectionName ?? ruleName) === ruleName,
    };
  }
  if (resolved.state === "missing") {
    const id = `${target.namespace ?? policy.namespace}/${target.name}`;
    const reason = resources.get(httpRoute, id) === undefined ? "was not found" : "is not made from an AIGatewayRoute";
    report.strictWarning(
      policy,
      namePath,
      `${target.kind} ${id} ${reason}, so this policy limits nothing; add an AIGatewayRoute of this name`,
    );
  }
  return undefined;
}

/** Every BackendTrafficPolicy with the rules that it is for; the oldest first, then by name. */
export function attachPolicies(context: CompileContext): readonly PolicyAttachment[] {
  const policies = [...context.resources.all(backendTrafficPolicy)].sort(
    (a, b) =>
      (a.createdMs ?? Number.POSITIVE_INFINITY) - (b.createdMs ?? Number.POSITIVE_INFINITY) || (a.id < b.id ? -1 : 1),
  );
  return policies.flatMap((policy) => {
    tellUnused(context, policy);
    const { targetRef, targetRefs = [] } = policy.body.spec;
    const targets: [TargetRef, Path][] = targetRefs.map((target, index) => [target, ["spec", "targetRefs", index]]);
    if (targetRef !== undefined) targets.push([targetRef, ["spec", "targetRef"]]);
    return targets.flatMap(([target, path]) => attach(context, policy, target, path) ?? []);
  });
}

function tellUnused(context: CompileContext, policy: Policy): void {
  const { spec } = policy.body;
  const members: Path[] = unusedPolicyMembers.filter((member) => spec[member] !== undefined).map((member) => [member]);
  for (const member of Object.keys(spec.timeout?.http ?? {}))
    if (member !== "requestTimeout") members.push(["timeout", "http", member]);
  if (spec.timeout?.tcp !== undefined) members.push(["timeout", "tcp"]);
  for (const member of members) context.report.info(policy, ["spec", ...member], "has no effect");
}

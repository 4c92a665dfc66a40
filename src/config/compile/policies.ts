import type { Path } from "../diagnostics.ts";
import type { TargetRef } from "../dialects/common/references.ts";
import { backendTrafficPolicy, unusedPolicyMembers } from "../dialects/gateway-api/backend-traffic-policy.ts";
import type { ResourceOf } from "../resource.ts";
import { type Attachment, attachTarget } from "./attach-target.ts";
import type { CompileContext } from "./context.ts";

export type Policy = ResourceOf<typeof backendTrafficPolicy>;

/** A policy and which rules it is for. */
export interface PolicyAttachment extends Attachment {
  readonly policy: Policy;
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
    return targets.flatMap(([target, path]) => {
      const attachment = attachTarget(context, "policy", policy, target, path);
      return attachment === undefined ? [] : [{ ...attachment, policy }];
    });
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

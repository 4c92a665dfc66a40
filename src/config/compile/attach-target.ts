import type { Path } from "../diagnostics.ts";
import { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import type { TargetRef } from "../dialects/common/references.ts";
import { gateway } from "../dialects/gateway-api/gateway.ts";
import { httpRoute } from "../dialects/gateway-api/http-route.ts";
import { resolveReference } from "../references.ts";
import type { Resource, ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";
import { isAttached, ownGatewayName } from "./parents.ts";

type Route = ResourceOf<typeof aiGatewayRoute>;
type Target = Omit<TargetRef, "group">;

/** Which rules something is for. */
export interface Attachment {
  readonly level: "Route" | "Gateway";
  covers(route: Route, ruleName: string | undefined): boolean;
}

/** A target that does not exist limits nothing: a warning (limits.md L11). `what` names the attached thing in it. */
export function attachTarget(
  context: CompileContext,
  what: "policy" | "budget",
  from: Resource<unknown>,
  target: Target,
  path: Path,
): Attachment | undefined {
  if (target.kind === "Gateway") return attachToGateway(context, what, from, target, path);
  if (target.kind === "HTTPRoute" || target.kind === "AIGatewayRoute")
    return attachToRoute(context, what, from, target, path);
  context.report.strictWarning(
    from,
    [...path, "kind"],
    `a ${target.kind} cannot be a target, so this ${what} limits nothing; target an AIGatewayRoute, its HTTPRoute or a Gateway`,
  );
  return undefined;
}

function attachToGateway(
  { resources, report }: CompileContext,
  what: string,
  from: Resource<unknown>,
  target: Target,
  path: Path,
): Attachment | undefined {
  const namePath = [...path, "name"];
  const named = { namespace: target.namespace ?? from.namespace, name: target.name };
  const attachedTo = (parent: typeof named): Attachment => ({
    level: "Gateway",
    covers: (route) => isAttached(route, parent),
  });
  const isParent = resources
    .all(aiGatewayRoute)
    .some((route) => (route.body.spec.parentRefs ?? []).length > 0 && isAttached(route, named));
  if (named.name === ownGatewayName || isParent) return attachedTo(named);
  const resolved = resolveReference([gateway], target, from, namePath, resources, report);
  if (resolved.state === "found") return attachedTo(resolved.resource);
  if (resolved.state === "missing")
    report.strictWarning(
      from,
      namePath,
      `${resolved.reason}, so this ${what} limits nothing; add it, or target a route`,
    );
  return undefined;
}

function attachToRoute(
  { resources, report }: CompileContext,
  what: string,
  from: Resource<unknown>,
  target: Target,
  path: Path,
): Attachment | undefined {
  const namePath = [...path, "name"];
  const resolved = resolveReference([aiGatewayRoute], target, from, namePath, resources, report);
  if (resolved.state === "found") {
    const { id, body } = resolved.resource;
    const { sectionName } = target;
    if (sectionName !== undefined && !body.spec.rules.some(({ name }) => name === sectionName))
      report.strictWarning(
        from,
        [...path, "sectionName"],
        `${id} has no rule named ${JSON.stringify(sectionName)}, so this ${what} limits nothing there; name one of its rules`,
      );
    return {
      level: "Route",
      covers: (route, ruleName) => route.id === id && (sectionName ?? ruleName) === ruleName,
    };
  }
  if (resolved.state === "missing") {
    const id = `${target.namespace ?? from.namespace}/${target.name}`;
    const reason = resources.get(httpRoute, id) === undefined ? "was not found" : "is not made from an AIGatewayRoute";
    report.strictWarning(
      from,
      namePath,
      `${target.kind} ${id} ${reason}, so this ${what} limits nothing; add an AIGatewayRoute of this name`,
    );
  }
  return undefined;
}

import type { FailureMode, LimitRule } from "../../core/runtime-config.ts";
import { contentHash } from "../content-hash.ts";
import type { RateLimitCost } from "../dialects/gateway-api/rate-limit.ts";
import type { Resource } from "../resource.ts";
import { isTimeZone } from "../values/time-zone.ts";
import type { CompileContext } from "./context.ts";
import { compileSelectors } from "./limit-selectors.ts";
import type { Policy } from "./policies.ts";

const timeZoneAnnotation = "tollgate.dev/time-zone";
const failureModeAnnotation = "tollgate.dev/failure-mode";
const failureModes: readonly FailureMode[] = ["local", "allow", "deny"];

/** limits.md L14: the zone in which Day and longer windows begin. */
export function timeZoneOf(context: CompileContext, policy: Resource<unknown>): string {
  const zone = policy.annotations[timeZoneAnnotation];
  if (zone === undefined || isTimeZone(zone)) return zone ?? "UTC";
  context.report.error(
    policy,
    ["metadata", "annotations", timeZoneAnnotation],
    `${JSON.stringify(zone)} is not a time zone; write an IANA name such as Europe/Berlin`,
  );
  return "UTC";
}

/** limits.md L18: what happens while the store is away. */
export function failureModeOf(context: CompileContext, policy: Resource<unknown>): FailureMode {
  const written = policy.annotations[failureModeAnnotation];
  const mode = failureModes.find((known) => known === written);
  if (mode !== undefined || written === undefined) return mode ?? context.settings.store.failureMode;
  const path = ["metadata", "annotations", failureModeAnnotation];
  context.report.error(policy, path, `${JSON.stringify(written)} is not one of ${failureModes.join(", ")}`);
  return "local";
}

function compileCost(cost: RateLimitCost): LimitRule["requestCost"] {
  return cost.from === "Metadata"
    ? { from: "Metadata", key: cost.metadata?.key ?? "" }
    : { from: "Number", number: cost.number ?? 0 };
}

/** Types of the cost rules that write a key, on the routes of the policy. */
type TypesOf = (key: string) => readonly string[];

/** A limit counts dollars when everything that it reads from costs is in USD. */
function costUnitOf(costs: readonly (LimitRule["requestCost"] | undefined)[], typesOf: TypesOf): LimitRule["costUnit"] {
  const types = costs.flatMap((cost) => (cost?.from === "Metadata" ? typesOf(cost.key) : []));
  return types.length > 0 && types.every((type) => type === "USD") ? "MicroUsd" : undefined;
}

/** The rate limits of one policy (limits.md L10–L14). An id does not hold the limit's number, so that an edited limit keeps its counters. */
export function compileLimits(context: CompileContext, policy: Policy, typesOf: TypesOf): readonly LimitRule[] {
  const rules = policy.body.spec.rateLimit?.global.rules ?? [];
  const timeZone = timeZoneOf(context, policy);
  const failureMode = failureModeOf(context, policy);
  const numbers = new Map<string, number>();
  return rules.map((rule, index) => {
    const selectors = compileSelectors(rule);
    const { requests: limit, unit } = rule.limit;
    const requestCost =
      rule.cost?.request === undefined ? ({ from: "Number", number: 1 } as const) : compileCost(rule.cost.request);
    const responseCost = rule.cost?.response === undefined ? undefined : compileCost(rule.cost.response);
    const id = `${policy.id}/${contentHash({ selectors, requestCost, responseCost, unit })}`;
    const earlier = numbers.get(id);
    if (earlier === undefined) numbers.set(id, index);
    else {
      const message = `rules[${earlier}] has the same selectors, cost and unit, so both would count together; keep one of them`;
      context.report.error(policy, ["spec", "rateLimit", "global", "rules", index], message);
    }
    const label = `${policy.name} rule ${index + 1}`;
    const shadowMode = rule.shadowMode ?? false;
    return {
      id,
      policyId: policy.id,
      label,
      selectors,
      limit,
      unit,
      timeZone,
      requestCost,
      responseCost,
      shadowMode,
      failureMode,
      perRoute: rule.shared !== true,
      costUnit: costUnitOf([requestCost, responseCost], typesOf),
    };
  });
}

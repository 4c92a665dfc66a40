import type { AppliedLimit } from "../core/request-plan.ts";
import type { LimitRule } from "../core/runtime-config.ts";
import type { MetadataValue } from "./wire.ts";

type Costs = Readonly<Record<string, number>>;

function amount(cost: LimitRule["requestCost"], costs: Costs): number {
  return cost.from === "Number" ? cost.number : (costs[cost.key] ?? 0);
}

/**
 * Metadata `tollgate.limits`: which limits apply to a request, to whom, and what each takes before it, by number (`"1"`, `"2"`, …:
 * slots). Envoy's descriptors name slots only, so that they need no knowledge of policies.
 */
export function limitMetadata(
  limits: readonly AppliedLimit[],
  costs: Costs,
): { readonly [key: string]: MetadataValue } {
  return Object.fromEntries(
    limits.map(({ rule, account }, index): [string, MetadataValue] => [
      String(index + 1),
      { rule: rule.id, account, request: amount(rule.requestCost, costs) },
    ]),
  );
}

/**
 * Metadata `tollgate.charges`: what each slot's limit is to be charged at the end, as far as known now. A limit that charges nothing
 * afterwards has no entry, and Envoy sends no descriptor for it. `unanswered`: no provider answered, so nothing is charged (L7, L13).
 */
export function chargeMetadata(
  limits: readonly AppliedLimit[],
  costs: Costs,
  unanswered: boolean,
): { readonly [key: string]: MetadataValue } {
  const entries = limits.flatMap(({ rule }, index): [string, MetadataValue][] =>
    rule.responseCost === undefined ? [] : [[String(index + 1), unanswered ? 0 : amount(rule.responseCost, costs)]],
  );
  return Object.fromEntries(entries);
}

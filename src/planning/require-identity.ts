import type { AppliedBudget } from "../core/request-plan.ts";
import type { LimitRule, Settings } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";
import type { RequestView } from "./request-view.ts";

/**
 * Refuses a request that leaves out an identity header by which a limit or a budget counts (limits.md L38), where the operator
 * wants that. `withoutAccount`: the rules that found nobody to count.
 * @throws GatewayError `identity_required`
 */
export function requireIdentity(
  settings: Settings,
  withoutAccount: readonly LimitRule[],
  budgets: readonly AppliedBudget[],
  view: RequestView,
): void {
  const { requireIdentity: required, trustedHeaders } = settings.identity;
  if (!required) return;
  const require = (name: string, counts: string): void => {
    if (!trustedHeaders.includes(name) || (view.headers.get(name) ?? "") !== "") return;
    throw new GatewayError("identity_required", `the header ${name} is required here: ${counts} counts by it`);
  };
  for (const rule of withoutAccount) {
    for (const selector of rule.selectors) {
      if (selector.kind === "header" && selector.type === "Distinct") require(selector.name, rule.label);
    }
  }
  for (const { rule } of budgets) for (const name of rule.subject) require(name, `budget ${rule.id}`);
}

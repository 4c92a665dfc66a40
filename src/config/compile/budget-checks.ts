import type { RouteCandidate, RouteRule } from "../../core/runtime-config.ts";
import type { Report } from "../report.ts";
import type { CompiledBudgets } from "./budgets.ts";
import { acceptsModel } from "./route-matches.ts";

/** A cost that no rule of its routes writes stays 0, so the budget would count nothing: unresolved, as for limits (limits.md L4). */
export function checkBudgetCosts(report: Report, { budgets }: CompiledBudgets, rules: readonly RouteRule[]): void {
  for (const { rule: budget, resource } of budgets.values()) {
    if (budget.unit.kind !== "Cost") continue;
    const { metadataKey } = budget.unit;
    const poor = rules.find(
      (rule) => rule.budgets.includes(budget) && !rule.costs.some((cost) => cost.metadataKey === metadataKey),
    );
    if (poor === undefined) continue;
    const others = poor.costs.map((cost) => cost.metadataKey);
    const advice = `add it to an LLMRequestCost in namespace ${poor.routeId.split("/")[0]}, or use one of ${["USD", "Tokens", ...others].join(", ")}`;
    report.unresolved(
      resource,
      ["spec", "limit", "unit"],
      `no cost rule of ${poor.routeId} writes ${JSON.stringify(metadataKey)}, so this budget would count nothing; ${advice}`,
    );
  }
}

/** A model to downgrade to that no route serves would turn a cheaper answer into none. */
export function checkDowngrades(
  report: Report,
  { budgets }: CompiledBudgets,
  candidates: readonly RouteCandidate[],
): void {
  for (const { resource } of budgets.values()) {
    for (const [index, { model }] of (resource.body.spec.tiers ?? []).entries()) {
      if (model === undefined || candidates.some(({ match }) => acceptsModel(match, model))) continue;
      report.warning(
        resource,
        ["spec", "tiers", index, "model"],
        `no route serves ${model}, so requests that are downgraded to it will be refused; name a model of a route`,
      );
    }
  }
}

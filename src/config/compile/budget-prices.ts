import type { BudgetRule } from "../../core/budget.ts";
import type { PriceBook } from "../../core/prices.ts";
import type { Backend, RouteRule } from "../../core/runtime-config.ts";
import type { Report } from "../report.ts";
import { exactModels } from "./backend-refs.ts";
import { matchesModel } from "./budget-match.ts";
import type { CompiledBudgets } from "./budgets.ts";
import { ratesInstead, whereToPrice } from "./prices-check.ts";
import { acceptsModel } from "./route-matches.ts";
import { findUnpriced, type Unpriced } from "./unpriced.ts";

/** The models that requests of a rule ask for when they count on a budget; undefined = whichever. */
function requestedModels(budget: BudgetRule, rule: RouteRule): readonly (string | undefined)[] {
  const patterns = budget.match.flatMap((match) => (match.kind === "model" ? [match.model] : []));
  const accepts = (model: string): boolean =>
    rule.matches.length === 0 || rule.matches.some((match) => acceptsModel(match, model));
  const named = exactModels(rule.matches);
  const instead = budget.tiers.flatMap((tier) => (tier.action === "Downgrade" ? [tier.model] : []));
  // what was matched before a downgrade stays matched, on whatever route (limits.md §0)
  if (!rule.budgets.includes(budget)) return instead.filter((model) => named.includes(model));
  const known = [...named, ...patterns.filter((pattern) => !pattern.endsWith("*"))];
  const matching = known.filter((model) => accepts(model) && patterns.every((one) => matchesModel(one, model)));
  return [...(known.length > 0 ? matching : [undefined]), ...instead.filter(accepts)];
}

function outcome({ unknownPrice }: BudgetRule, unpriced: Unpriced): string {
  switch (unknownPrice) {
    case "Deny":
      return "unknownPrice Deny refuses it";
    case "Allow":
      return "unknownPrice Allow lets it pass uncounted";
    case "WorstCase":
      return `unknownPrice WorstCase counts it at ${ratesInstead(unpriced)}`;
  }
}

/** A model without a price that counts on a budget in USD is told at loading (limits.md L30). */
export function warnAboutUnpricedBudgets(
  report: Report,
  { budgets }: CompiledBudgets,
  rules: readonly RouteRule[],
  backends: ReadonlyMap<string, Backend>,
  prices: PriceBook,
): void {
  for (const { rule: budget, resource } of budgets.values()) {
    if (budget.unit.kind !== "USD") continue;
    const told = new Set<string>();
    for (const rule of rules) {
      for (const unpriced of findUnpriced(rule, requestedModels(budget, rule), backends, prices)) {
        const { backend, model } = unpriced;
        if (told.has(`${backend.id} ${model}`)) continue;
        told.add(`${backend.id} ${model}`);
        const message = `${model} of ${backend.providerName} (backend ${backend.id}) has no price, and ${outcome(budget, unpriced)}. ${whereToPrice(unpriced)}`;
        report.warning(resource, ["spec", "limit", "unit"], message);
      }
    }
  }
}

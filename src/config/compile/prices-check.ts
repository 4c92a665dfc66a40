import type { PriceBook } from "../../core/prices.ts";
import type { Backend } from "../../core/runtime-config.ts";
import { formatUsd } from "../../lib/money.ts";
import type { Report } from "../report.ts";
import { exactModels } from "./backend-refs.ts";
import { type CompiledRoute, ruleId } from "./routes.ts";
import { findUnpriced, type Unpriced } from "./unpriced.ts";

/** Which rates stand for a missing price, in words. */
export function ratesInstead({ price }: Unpriced): string {
  const { input, output } = price.rates;
  return `${price.source}: ${formatUsd(input)} dollars per million input tokens, ${formatUsd(output)} per million output tokens`;
}

/** Where a price has to be written. */
export function whereToPrice({ backend }: Unpriced): string {
  return `Add it to a PriceBook in namespace ${backend.id.split("/")[0]}`;
}

/** Where a route's costs are in dollars, a model without a price is charged at the dearest rates: told at loading (limits.md L30). */
export function warnAboutUnpriced(
  report: Report,
  routes: readonly CompiledRoute[],
  backends: ReadonlyMap<string, Backend>,
  prices: PriceBook,
): void {
  const told = new Set<string>();
  for (const { resource, route } of routes) {
    for (const [index, written] of resource.body.spec.rules.entries()) {
      const rule = route.rules.find(({ id }) => id === ruleId(resource, written));
      if (rule?.costs.some(({ type }) => type === "USD") !== true) continue;
      const named = exactModels(rule.matches);
      for (const unpriced of findUnpriced(rule, named.length > 0 ? named : [undefined], backends, prices)) {
        const { backend, model, place } = unpriced;
        if (told.has(`${backend.id} ${model}`)) continue;
        told.add(`${backend.id} ${model}`);
        report.warning(
          resource,
          ["spec", "rules", index, "backendRefs", place, "name"],
          `${model} of ${backend.providerName} has no price; costs in USD take ${ratesInstead(unpriced)}. ${whereToPrice(unpriced)}`,
        );
      }
    }
  }
}

import type { PriceBook } from "../../core/prices.ts";
import type { Backend, BackendRef, RouteRule } from "../../core/runtime-config.ts";
import { upstreamModel } from "../../core/upstream-model.ts";
import { formatUsd } from "../../lib/money.ts";
import type { Report } from "../report.ts";
import { exactModels } from "./backend-refs.ts";
import { type CompiledRoute, ruleId } from "./routes.ts";

/** The last moment there is: a price that has ended by then is none for the future, one that begins later is one. */
const endOfTimeMs = 8_640_000_000_000_000;

/** The names that are sent there, as far as they are known before a request comes. */
function sentModels(rule: RouteRule, ref: BackendRef, backend: Backend): readonly string[] {
  const named = exactModels(rule.matches).map((model) => upstreamModel(backend, ref, model));
  const always = ref.modelNameOverride ?? backend.modelNameOverride;
  return [...new Set(always === undefined || named.length > 0 ? named : [always])];
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
      for (const [place, ref] of rule.backends.entries()) {
        const backend = backends.get(ref.backendId);
        if (backend === undefined || ref.weight === 0) continue;
        for (const model of sentModels(rule, ref, backend)) {
          const query = { provider: backend.providerName, backendId: backend.id, model, atMs: endOfTimeMs };
          const { price, known } = prices.quote(query);
          if (known || told.has(`${backend.id} ${model}`)) continue;
          told.add(`${backend.id} ${model}`);
          const { input, output } = price.rates;
          report.warning(
            resource,
            ["spec", "rules", index, "backendRefs", place, "name"],
            `${model} of ${backend.providerName} has no price; costs in USD take ${price.source}: ${formatUsd(input)} dollars per million input tokens, ${formatUsd(output)} per million output tokens. Add it to a PriceBook in namespace ${backend.id.split("/")[0]}`,
          );
        }
      }
    }
  }
}

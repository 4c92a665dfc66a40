import type { CostRule } from "../../core/runtime-config.ts";
import type { Path } from "../diagnostics.ts";
import { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import { gatewayConfig, gatewayConfigAnnotation } from "../dialects/ai-gateway/gateway-config.ts";
import type { CostList } from "../dialects/common/cost-list.ts";
import { gateway } from "../dialects/gateway-api/gateway.ts";
import { llmRequestCost } from "../dialects/tutorial/llm-request-cost.ts";
import type { Resource, ResourceOf } from "../resource.ts";
import type { CompileContext, CostSpec } from "./context.ts";
import { isAttached } from "./parents.ts";

type Route = ResourceOf<typeof aiGatewayRoute>;

/** Exist without being configured (limits.md L4). */
const always: readonly CostSpec[] = [
  { metadataKey: "llm_input_token", type: "InputToken" },
  { metadataKey: "llm_output_token", type: "OutputToken" },
  { metadataKey: "llm_total_token", type: "TotalToken" },
];

/** The rules of one list; those that do not compile are reported where they were written and left out. */
function compileList(
  context: CompileContext,
  from: Resource<unknown>,
  path: Path,
  costs: CostList,
): readonly CostRule[] {
  return costs.flatMap((spec, index) => {
    const rule = context.compileCost(spec);
    if (!("error" in rule)) return [rule];
    context.report.error(from, [...path, index, spec.cel === undefined ? "type" : "cel"], rule.error);
    return [];
  });
}

/** The global costs of the GatewayConfigs, each with the routes that it is for. */
function compileGlobal(
  context: CompileContext,
): readonly { readonly rules: readonly CostRule[]; readonly covers: (route: Route) => boolean }[] {
  const { resources, report } = context;
  const gateways = resources.all(gateway);
  return resources.all(gatewayConfig).map((resource) => {
    const { globalLLMRequestCosts = [], forwardProxy, extProc } = resource.body.spec;
    if (forwardProxy !== undefined) report.warning(resource, ["spec", "forwardProxy"], "is not used yet");
    if (extProc !== undefined)
      report.info(resource, ["spec", "extProc"], "is for cluster installs and has no effect here");
    const path = ["spec", "globalLLMRequestCosts"];
    const rules = compileList(context, resource, path, globalLLMRequestCosts);
    const users = gateways.filter(
      ({ namespace, annotations }) =>
        namespace === resource.namespace && annotations[gatewayConfigAnnotation] === resource.name,
    );
    if (gateways.length > 0 && users.length === 0) {
      report.warning(
        resource,
        ["metadata", "name"],
        `no Gateway names it in the annotation ${gatewayConfigAnnotation}; it has no effect`,
      );
    }
    return { rules, covers: (route) => gateways.length === 0 || users.some((user) => isAttached(route, user)) };
  });
}

/**
 * Compiles every cost list once, and gives the rules of a route, sorted by key: its own before its namespace's LLMRequestCosts before
 * the global ones (limits.md L4).
 */
export function compileCosts(context: CompileContext): (route: Route) => readonly CostRule[] {
  const { resources } = context;
  const builtIn = always.flatMap((spec) => {
    const rule = context.compileCost(spec);
    return "error" in rule ? [] : [rule];
  });
  const global = compileGlobal(context);
  const ofNamespace = resources.all(llmRequestCost).map((resource) => {
    const rules = compileList(context, resource, ["spec", "llmRequestCosts"], resource.body.spec.llmRequestCosts);
    return { namespace: resource.namespace, rules };
  });
  const ofRoute = (route: Route): readonly CostRule[] => {
    const own = compileList(context, route, ["spec", "llmRequestCosts"], route.body.spec.llmRequestCosts ?? []);
    const layers = [
      builtIn,
      ...global.filter(({ covers }) => covers(route)).map(({ rules }) => rules),
      ...ofNamespace.filter(({ namespace }) => namespace === route.namespace).map(({ rules }) => rules),
      own,
    ];
    const byKey = new Map(layers.flat().map((rule) => [rule.metadataKey, rule]));
    return [...byKey.values()].sort((a, b) => (a.metadataKey < b.metadataKey ? -1 : 1));
  };
  // asked for more than once, and mistakes are told once
  const known = new Map(resources.all(aiGatewayRoute).map((route) => [route, ofRoute(route)]));
  return (route) => known.get(route) ?? [];
}

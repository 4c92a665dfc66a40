import type { Backend, CostRule, Route, RouteRule } from "../../core/runtime-config.ts";
import { contentHash } from "../content-hash.ts";
import type { Path } from "../diagnostics.ts";
import { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import type { ResourceOf } from "../resource.ts";
import { compileBackendRefs, exactModels } from "./backend-refs.ts";
import type { CompiledBudgets } from "./budgets.ts";
import type { CompileContext } from "./context.ts";
import { compileMatches } from "./route-matches.ts";
import type { CompiledTraffic } from "./traffic.ts";

type RouteResource = ResourceOf<typeof aiGatewayRoute>;

/** `<namespace>/<route>/<rule name or content hash>`. */
export function ruleId(route: RouteResource, rule: RouteResource["body"]["spec"]["rules"][number]): string {
  return `${route.id}/${rule.name ?? contentHash(rule)}`;
}

export interface CompiledRoute {
  readonly resource: RouteResource;
  readonly route: Route;
}

/** Every AIGatewayRoute, in the order of creation and name. */
export function compileRoutes(
  context: CompileContext,
  backends: ReadonlyMap<string, Backend>,
  traffic: CompiledTraffic,
  budgets: CompiledBudgets,
  costsOf: (route: RouteResource) => readonly CostRule[],
): readonly CompiledRoute[] {
  const resources = [...context.resources.all(aiGatewayRoute)].sort(
    (a, b) =>
      (a.createdMs ?? Number.POSITIVE_INFINITY) - (b.createdMs ?? Number.POSITIVE_INFINITY) || (a.id < b.id ? -1 : 1),
  );
  return resources.map((resource) => {
    tellUnused(context, resource);
    const { hostnames = [] } = resource.body.spec;
    const rules = compileRules(context, resource, backends, traffic, budgets, costsOf(resource));
    return { resource, route: { id: resource.id, hostnames: hostnames.map((name) => name.toLowerCase()), rules } };
  });
}

function compileRules(
  context: CompileContext,
  resource: RouteResource,
  backends: ReadonlyMap<string, Backend>,
  traffic: CompiledTraffic,
  budgets: CompiledBudgets,
  costs: readonly CostRule[],
): readonly RouteRule[] {
  const { requestTimeoutMs, streamIdleTimeoutMs, perTryTimeoutMs } = context.settings.defaults;
  const rules = new Map<string, RouteRule>();
  for (const [index, written] of resource.body.spec.rules.entries()) {
    const path = ["spec", "rules", index];
    const id = ruleId(resource, written);
    if (rules.has(id)) {
      context.report.warning(resource, path, "an earlier rule says the same; this one is never used. Remove it");
      continue;
    }
    const matches = compileMatches(written.matches ?? []);
    const said = traffic.of(resource, written.name);
    const askedPerTryTimeoutMs = written.timeouts?.backendRequest ?? said.perTryTimeoutMs;
    rules.set(id, {
      id,
      routeId: resource.id,
      matches,
      backends: compileBackendRefs(
        context,
        resource,
        [...path, "backendRefs"],
        written.backendRefs,
        backends,
        exactModels(matches),
      ),
      retry: said.retry,
      requestTimeoutMs: written.timeouts?.request ?? said.requestTimeoutMs ?? requestTimeoutMs,
      streamIdleTimeoutMs: written.streamIdleTimeout ?? streamIdleTimeoutMs,
      perTryTimeoutMs: askedPerTryTimeoutMs ?? perTryTimeoutMs,
      jsonPerTryTimeoutMs: askedPerTryTimeoutMs,
      costs,
      modelsOwnedBy: written.modelsOwnedBy,
      modelsCreatedMs: createdMs(context, resource, [...path, "modelsCreatedAt"], written.modelsCreatedAt),
      limits: said.limits,
      budgets: budgets.of(resource, written.name),
    });
  }
  return [...rules.values()];
}

function tellUnused(context: CompileContext, resource: RouteResource): void {
  if (resource.body.spec.schema !== undefined)
    context.report.info(resource, ["spec", "schema"], "has no effect: the client's API is known by the path");
}

function createdMs(
  context: CompileContext,
  resource: RouteResource,
  path: Path,
  written: string | undefined,
): number | undefined {
  if (written === undefined) return undefined;
  const ms = Date.parse(written);
  if (Number.isFinite(ms)) return ms;
  context.report.error(resource, path, "must be a time such as 2026-01-31T00:00:00Z");
  return undefined;
}

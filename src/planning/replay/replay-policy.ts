import type { BudgetRule } from "../../core/budget.ts";
import { Headers } from "../../core/headers.ts";
import type { RequestRecord } from "../../core/request-record.ts";
import type { CostRule, RouteRule, RuntimeConfig } from "../../core/runtime-config.ts";
import { matchBudgets } from "../match-budgets.ts";
import { matchRules } from "../match-route.ts";
import type { RequestView } from "../request-view.ts";
import type { Selection } from "../select-route.ts";

/**
 * The policy as requests meet it. One that has budgets and no routes is for every request: it gets a route that serves them all,
 * with all its budgets and limits.
 */
export function policyOf(config: RuntimeConfig): RuntimeConfig {
  if (config.routes.length > 0) return config;
  const rule: RouteRule = {
    id: "replay",
    routeId: "replay",
    matches: [],
    backends: [],
    retry: {
      attemptsPerPriority: 1,
      maxRetries: undefined,
      statusCodes: [],
      triggers: [],
      baseIntervalMs: 0,
      maxIntervalMs: 0,
    },
    requestTimeoutMs: 0,
    streamIdleTimeoutMs: 0,
    perTryTimeoutMs: 0,
    jsonPerTryTimeoutMs: undefined,
    costs: [],
    limits: [...config.limits.values()],
    budgets: [...config.budgets.values()],
  };
  return { ...config, candidates: [{ hostnames: [], match: [], rule }] };
}

/** As much of the request as its record tells: its identity, and nothing of path, host, address and other headers. */
export function viewOf({ identity }: RequestRecord): RequestView {
  return {
    method: "POST",
    path: "",
    host: "",
    headers: new Headers(Object.entries(identity)),
    sourceAddress: undefined,
  };
}

function merged<Item>(
  rules: readonly RouteRule[],
  of: (rule: RouteRule) => readonly Item[],
  key: (item: Item) => string,
) {
  const items = new Map<string, Item>();
  for (const item of rules.flatMap(of)) if (!items.has(key(item))) items.set(key(item), item);
  return [...items.values()];
}

export function costsOf(rules: readonly RouteRule[]): readonly CostRule[] {
  return merged(
    rules,
    ({ costs }) => costs,
    ({ metadataKey }) => metadataKey,
  );
}

/**
 * What the policy makes of a request: by the headers that were recorded, else by the name of the route that served it. Undefined =
 * nothing of the policy serves it.
 */
export function selectionOf(
  policy: RuntimeConfig,
  record: RequestRecord,
  requestedModel: string,
): Selection | undefined {
  const view = viewOf(record);
  const matching = matchRules(policy, view, requestedModel);
  const rules = matching.length > 0 ? matching : (policy.routes.find(({ id }) => id === record.route)?.rules ?? []);
  const [rule] = rules;
  if (rule === undefined) return undefined;
  const applying = merged<BudgetRule>(
    rules,
    ({ budgets }) => budgets,
    ({ id }) => id,
  );
  const budgets = matchBudgets(applying, { headers: view.headers, model: requestedModel });
  return { requestedModel, model: requestedModel, rule, rules, budgets, warnings: [] };
}

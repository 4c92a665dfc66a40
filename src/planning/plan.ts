import type { AppliedBudget, AppliedLimit, DroppedBackend, PlannedAttempt, RequestPlan } from "../core/request-plan.ts";
import type { CostRule, LimitRule, RouteRule, RuntimeConfig } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";
import { extendAccount } from "../ratelimit/account.ts";
import { chooseRefusal } from "./choose-refusal.ts";
import { matchLimits } from "./match-limits.ts";
import { orderBackends } from "./order-backends.ts";
import type { RequestView } from "./request-view.ts";
import { requireIdentity } from "./require-identity.ts";
import type { Selection } from "./select-route.ts";

/**
 * Why a backend cannot serve this very request: undefined = it can. A refusal of its translator is a GatewayError, which the
 * client gets if no backend is left.
 */
export type ServeCheck = (attempt: PlannedAttempt) => GatewayError | undefined;

/** Every limit of the rules, and the first of their routes that has it: the serving one comes first. */
function mergedLimits(rules: readonly RouteRule[]): ReadonlyMap<LimitRule, string> {
  const limits = new Map<LimitRule, string>();
  for (const { routeId, limits: own } of rules)
    for (const limit of own) if (!limits.has(limit)) limits.set(limit, routeId);
  return limits;
}

/** Whom a limit counts, on which route (limits.md L10). */
function onRoute({ rule, account }: AppliedLimit, routeId: string): AppliedLimit {
  return rule.perRoute === true ? { rule, account: extendAccount(account, routeId) } : { rule, account };
}

/** A key that no rule of the request writes: without a value Envoy would drop the limit's descriptor. */
function zeroCost(metadataKey: string): CostRule {
  return { metadataKey, type: "Zero", evaluate: () => ({ value: 0 }) };
}

/**
 * The serving rule's costs, those of the other matching rules for further keys, and 0 for what is left of the keys that the
 * limits and budgets read: a missing key can never disable a limit (limits.md L4).
 */
function mergedCosts(
  rules: readonly RouteRule[],
  limits: readonly AppliedLimit[],
  budgets: readonly AppliedBudget[],
): readonly CostRule[] {
  const costs = new Map<string, CostRule>();
  for (const rule of rules) {
    for (const cost of rule.costs) if (!costs.has(cost.metadataKey)) costs.set(cost.metadataKey, cost);
  }
  const keys = limits.flatMap(({ rule }) =>
    [rule.requestCost, rule.responseCost].flatMap((cost) => (cost?.from === "Metadata" ? cost.key : [])),
  );
  for (const { unit } of budgets.map(({ rule }) => rule)) if (unit.kind === "Cost") keys.push(unit.metadataKey);
  for (const key of keys) if (!costs.has(key)) costs.set(key, zeroCost(key));
  return [...costs.values()];
}

function noBackendLeft(
  rule: RouteRule,
  dropped: readonly DroppedBackend[],
  refusal: GatewayError | undefined,
): GatewayError {
  if (refusal !== undefined) return refusal;
  const reasons = dropped.map(({ backendId, reason }) => `${backendId}: ${reason}`).join("; ");
  return new GatewayError(
    "no_usable_backend",
    `no backend of route ${rule.routeId} can be used now${reasons === "" ? "" : ` (${reasons})`}`,
  );
}

/**
 * Decides which limits apply and which backends are tried, once it is known what is asked for: steps 5 and 6 of limits.md §0.
 * Pure: randomness comes from `random`.
 * @throws GatewayError `invalid_header`, `identity_required`, `no_usable_backend`, or the refusal of a backend (see choose-refusal.ts)
 */
export function plan(
  config: RuntimeConfig,
  view: RequestView,
  selection: Selection,
  random: () => number,
  canServe: ServeCheck,
): RequestPlan {
  const { model, requestedModel, rule, rules, budgets, warnings } = selection;
  const routeOf = mergedLimits(rules);
  const { applied, withoutAccount } = matchLimits([...routeOf.keys()], { ...view, model });
  const limits = applied.map((limit) => onRoute(limit, routeOf.get(limit.rule) ?? rule.routeId));
  requireIdentity(config.settings, withoutAccount, budgets, view);
  const refusals: GatewayError[] = [];
  const { attempts, dropped } = orderBackends(config, rule, model, random, (attempt) => {
    const error = canServe(attempt);
    if (error !== undefined) refusals.push(error);
    return error?.message;
  });
  if (attempts.length === 0) throw noBackendLeft(rule, dropped, chooseRefusal(refusals));
  return {
    model,
    requestedModel,
    rule,
    attempts,
    limits,
    withoutAccount,
    budgets,
    costs: mergedCosts(rules, applied, budgets),
    dropped,
    warnings,
  };
}

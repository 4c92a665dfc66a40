import type { ClientRequest } from "../core/endpoint.ts";
import type { AppliedLimit, DroppedBackend, PlannedAttempt, RequestPlan } from "../core/request-plan.ts";
import type { CostRule, LimitRule, RouteRule, RuntimeConfig } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";
import { matchLimits } from "./match-limits.ts";
import { matchRules } from "./match-route.ts";
import { orderBackends } from "./order-backends.ts";
import type { RequestView } from "./request-view.ts";
import { requireIdentity } from "./require-identity.ts";
import { describeModels, selectModel } from "./select-model.ts";

/**
 * Why a backend cannot serve this very request: undefined = it can. A refusal of its translator is a GatewayError, which the
 * client gets if no backend is left.
 */
export type ServeCheck = (attempt: PlannedAttempt) => GatewayError | undefined;

function mergedLimits(rules: readonly RouteRule[]): readonly LimitRule[] {
  if (rules.length === 1) return rules[0]?.limits ?? [];
  const limits = new Map<string, LimitRule>();
  for (const rule of rules) for (const limit of rule.limits) limits.set(limit.id, limit);
  return [...limits.values()];
}

/** A key that no rule of the request writes: without a value Envoy would drop the limit's descriptor. */
function zeroCost(metadataKey: string): CostRule {
  return { metadataKey, type: "Zero", evaluate: () => ({ value: 0 }) };
}

/**
 * The serving rule's costs, those of the other matching rules for further keys, and 0 for what is left of the keys that the
 * limits read: a missing key can never disable a limit (limits.md L4).
 */
function mergedCosts(rules: readonly RouteRule[], limits: readonly AppliedLimit[]): readonly CostRule[] {
  const costs = new Map<string, CostRule>();
  for (const rule of rules) {
    for (const cost of rule.costs) if (!costs.has(cost.metadataKey)) costs.set(cost.metadataKey, cost);
  }
  for (const { rule } of limits) {
    for (const cost of [rule.requestCost, rule.responseCost]) {
      if (cost?.from === "Metadata" && !costs.has(cost.key)) costs.set(cost.key, zeroCost(cost.key));
    }
  }
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
 * Decides everything about one request, in the order of limits.md §0. Pure: randomness comes from `random`.
 * @throws GatewayError `missing_model`, `unknown_model`, `invalid_header`, `identity_required`, `no_usable_backend`, or the refusal of the last backend
 */
export function plan(
  config: RuntimeConfig,
  view: RequestView,
  request: ClientRequest,
  random: () => number,
  canServe: ServeCheck,
): RequestPlan {
  const { model, warnings } = selectModel(view.headers, request.model, config.settings, config.models);
  const rules = matchRules(config, view, model);
  const rule = rules[0];
  if (rule === undefined) {
    throw new GatewayError(
      "unknown_model",
      `no route serves the model ${JSON.stringify(model)}${describeModels(config.models)}`,
      {
        param: "model",
      },
    );
  }
  const { applied, withoutAccount } = matchLimits(mergedLimits(rules), { ...view, model });
  requireIdentity(config.settings, withoutAccount, view);
  let refusal: GatewayError | undefined;
  const { attempts, dropped } = orderBackends(config, rule, model, random, (attempt) => {
    const error = canServe(attempt);
    refusal = error ?? refusal;
    return error?.message;
  });
  if (attempts.length === 0) throw noBackendLeft(rule, dropped, refusal);
  return {
    model,
    rule,
    attempts,
    limits: applied,
    withoutAccount,
    costs: mergedCosts(rules, applied),
    dropped,
    warnings,
  };
}

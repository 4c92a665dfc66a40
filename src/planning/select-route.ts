import type { BudgetRule } from "../core/budget.ts";
import type { ClientRequest } from "../core/endpoint.ts";
import type { AppliedBudget } from "../core/request-plan.ts";
import type { RouteRule, RuntimeConfig } from "../core/runtime-config.ts";
import { GatewayError } from "../lib/errors.ts";
import { matchBudgets } from "./match-budgets.ts";
import { matchRules } from "./match-route.ts";
import type { RequestView } from "./request-view.ts";
import { describeModels, selectModel } from "./select-model.ts";

/** What a request asks for, who serves it and which budgets pay: steps 1 to 4 of limits.md §0. */
export interface Selection {
  readonly requestedModel: string;
  /** After a downgrade; what limits and backends see. */
  readonly model: string;
  /** The rule that serves. */
  readonly rule: RouteRule;
  /** Every rule that matches, the serving one first: the limits and budgets of all apply. */
  readonly rules: readonly RouteRule[];
  readonly budgets: readonly AppliedBudget[];
  readonly warnings: readonly string[];
}

function budgetsOf(rules: readonly RouteRule[]): readonly BudgetRule[] {
  const [only, ...others] = rules;
  if (others.length === 0) return only?.budgets ?? [];
  return [...new Map(rules.flatMap(({ budgets }) => budgets.map((budget) => [budget.id, budget] as const))).values()];
}

/**
 * Resolves the model, matches the routes, and matches the budgets on the requested model.
 * @throws GatewayError `missing_model`, `unknown_model`, `invalid_header`
 */
export function selectRoute(config: RuntimeConfig, view: RequestView, request: ClientRequest): Selection {
  const { model, warnings } = selectModel(view.headers, request.model, config.settings, config.models);
  const rules = matchRules(config, view, model);
  const [rule] = rules;
  if (rule === undefined) {
    throw new GatewayError(
      "unknown_model",
      `no route serves the model ${JSON.stringify(model)}${describeModels(config.models)}`,
      { param: "model" },
    );
  }
  const budgets = matchBudgets(budgetsOf(rules), { headers: view.headers, model });
  return { requestedModel: model, model, rule, rules, budgets, warnings };
}

/**
 * The same request with the model that a budget's tier replaces its model by: routes are matched once more, and budgets that
 * match now are added to those that matched before.
 * @throws GatewayError `no_usable_backend` when no route serves that model
 */
export function downgradeRoute(
  config: RuntimeConfig,
  view: RequestView,
  selection: Selection,
  { model, budgetId }: { readonly model: string; readonly budgetId: string },
): Selection {
  const rules = matchRules(config, view, model);
  const [rule] = rules;
  if (rule === undefined) {
    throw new GatewayError(
      "no_usable_backend",
      `budget ${budgetId} replaces the model by ${JSON.stringify(model)} now, and no route serves that`,
    );
  }
  const known = new Set(selection.budgets.map((budget) => budget.rule.id));
  const added = matchBudgets(budgetsOf(rules), { headers: view.headers, model }).filter(
    (budget) => !known.has(budget.rule.id),
  );
  return {
    ...selection,
    model,
    rule,
    rules,
    budgets: [...selection.budgets, ...added],
    warnings: [...selection.warnings, "model_downgraded"],
  };
}

import type { BudgetRule, BudgetTier, BudgetWindow } from "../../core/budget.ts";
import { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import { budget } from "../dialects/tollgate/budget.ts";
import type { ResourceOf } from "../resource.ts";
import { type Attachment, attachTarget } from "./attach-target.ts";
import { checkBudgetIdentity } from "./budget-identity.ts";
import { compileBudgetMatch } from "./budget-match.ts";
import type { CompileContext } from "./context.ts";

type Budget = ResourceOf<typeof budget>;
type Route = ResourceOf<typeof aiGatewayRoute>;
type Spec = Budget["body"]["spec"];

export interface CompiledBudgets {
  /** Every budget by id, with the resource that it was made from. */
  readonly budgets: ReadonlyMap<string, { readonly rule: BudgetRule; readonly resource: Budget }>;
  /** The budgets of one rule, sorted by id. */
  of(route: Route, ruleName: string | undefined): readonly BudgetRule[];
}

function compileWindow({ every, timeZone = "UTC", rolling = 0 }: Spec["window"]): BudgetWindow {
  return every === undefined ? { kind: "rolling", lengthMs: rolling } : { kind: "calendar", every, timeZone };
}

function compileTier({ remainingBelowPercent, action, ...tier }: NonNullable<Spec["tiers"]>[number]): BudgetTier {
  switch (action) {
    case "Reject":
      return { remainingBelowPercent, action };
    case "Downgrade":
      return { remainingBelowPercent, action, model: tier.model ?? "" };
    case "Queue":
      return { remainingBelowPercent, action, maxWaitMs: (tier.maxWaitSeconds ?? 0) * 1000 };
  }
}

/** The limit is not part of the id, so that an edited one keeps what was used. */
function compileBudget(context: CompileContext, resource: Budget): BudgetRule {
  const { spec } = resource.body;
  const { subject = [], enforcement = "Hard", tiers = [] } = spec;
  const { limit, unit } = spec.limit;
  checkBudgetIdentity(context, resource);
  return {
    id: resource.id,
    subject: subject.map(({ header }) => header.toLowerCase()),
    match: compileBudgetMatch(context, resource),
    limit,
    unit,
    window: compileWindow(spec.window),
    enforcement,
    estimate: spec.estimate ?? "UpperBound",
    tiers: tiers.map(compileTier).sort((a, b) => a.remainingBelowPercent - b.remainingBelowPercent),
    onStoreFailure: spec.onStoreFailure ?? "Deny",
    unknownPrice: spec.unknownPrice ?? (enforcement === "Hard" && unit.kind === "USD" ? "Deny" : "WorstCase"),
  };
}

/** Which rules a budget is for: those of its targets, or of all routes of its namespace when it names none. */
function attach(context: CompileContext, resource: Budget): readonly Attachment[] {
  const { targetRefs } = resource.body.spec;
  if (targetRefs !== undefined)
    return targetRefs.flatMap(
      (target, index) => attachTarget(context, "budget", resource, target, ["spec", "targetRefs", index]) ?? [],
    );
  const { namespace } = resource;
  if (!context.resources.all(aiGatewayRoute).some((route) => route.namespace === namespace))
    context.report.strictWarning(
      resource,
      ["metadata", "namespace"],
      `namespace ${namespace} has no AIGatewayRoute, so this budget limits nothing; put it where the routes are, or name them in targetRefs`,
    );
  return [{ level: "Route", covers: (route) => route.namespace === namespace }];
}

/** Compiles every Budget (limits.md §3). */
export function compileBudgets(context: CompileContext): CompiledBudgets {
  const compiled = context.resources.all(budget).map((resource) => ({
    rule: compileBudget(context, resource),
    resource,
    attachments: attach(context, resource),
  }));
  return {
    budgets: new Map(compiled.map((one) => [one.rule.id, one])),
    of: (route, ruleName) =>
      compiled
        .filter(({ attachments }) => attachments.some(({ covers }) => covers(route, ruleName)))
        .map(({ rule }) => rule),
  };
}

import type { Standing } from "../budgets/budget-store.ts";
import { tierInForce } from "../budgets/tiers.ts";
import type { BudgetTier } from "../core/budget.ts";
import type { AppliedBudget } from "../core/request-plan.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import type { RequestView } from "./request-view.ts";
import { downgradeRoute, type Selection } from "./select-route.ts";

/** What budgets' tiers make of a request. */
export interface ChosenTiers {
  /** With the model that a tier replaced it by. */
  readonly selection: Selection;
  /** The tier of each budget that is in one, by the budget's id. */
  readonly tiers: ReadonlyMap<string, BudgetTier>;
  /** The first that does not let the request pass now. */
  readonly refusing: { readonly budget: AppliedBudget; readonly tier: BudgetTier } | undefined;
}

export interface TierFacts {
  /** How budgets stand, by id. One that is not here counts as untouched: the reservation tells if it is not. */
  readonly standings: ReadonlyMap<string, Standing>;
  /** The tier that downgraded this account last, if that may still hold. */
  readonly before: (budget: AppliedBudget) => BudgetTier | undefined;
  /** Others wait for this budget already. */
  readonly isWaitedFor: (budget: AppliedBudget) => boolean;
}

/** Shadow budgets are reported on and change nothing. */
export function hasTiers({ rule }: AppliedBudget): boolean {
  return rule.tiers.length > 0 && rule.enforcement !== "Shadow";
}

function tierOf(budget: AppliedBudget, { standings, before, isWaitedFor }: TierFacts): BudgetTier | undefined {
  if (!hasTiers(budget)) return undefined;
  const { tiers, id } = budget.rule;
  const standing = standings.get(id);
  const tier = standing && tierInForce(tiers, standing, before(budget));
  const queue = tiers.find(({ action }) => action === "Queue");
  if (queue !== undefined && tier?.action !== "Reject" && isWaitedFor(budget)) return queue;
  return tier;
}

/** Steps 3 and 4 of limits.md §0: the tier of each budget, and at most one downgrade. @throws GatewayError as `downgradeRoute` */
export function chooseTiers(
  config: RuntimeConfig,
  view: RequestView,
  selection: Selection,
  facts: TierFacts,
): ChosenTiers {
  const downgrading = selection.budgets
    .map((budget) => ({ budget, tier: tierOf(budget, facts) }))
    .find(({ tier }) => tier?.action === "Downgrade" && tier.model !== selection.model);
  const chosen =
    downgrading?.tier?.action === "Downgrade"
      ? downgradeRoute(config, view, selection, {
          model: downgrading.tier.model,
          budgetId: downgrading.budget.rule.id,
        })
      : selection;
  const tiers = new Map<string, BudgetTier>();
  let refusing: ChosenTiers["refusing"];
  for (const budget of chosen.budgets) {
    const tier = tierOf(budget, facts);
    if (tier === undefined) continue;
    tiers.set(budget.rule.id, tier);
    if (tier.action !== "Downgrade") refusing ??= { budget, tier };
  }
  return { selection: chosen, tiers, refusing };
}

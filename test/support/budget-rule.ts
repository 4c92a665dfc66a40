import type { Standing } from "../../src/budgets/budget-store.ts";
import type { BudgetRule, BudgetTier } from "../../src/core/budget.ts";
import type { AppliedBudget } from "../../src/core/request-plan.ts";

/** A Hard budget of 1,000 tokens a day for everybody, unless a test says otherwise. */
export function makeBudgetRule(id: string, changes: Partial<BudgetRule> = {}): BudgetRule {
  return {
    id,
    subject: [],
    match: [],
    limit: 1_000n,
    unit: { kind: "Tokens" },
    window: { kind: "calendar", every: "Day", timeZone: "UTC" },
    enforcement: "Hard",
    estimate: "UpperBound",
    tiers: [],
    onStoreFailure: "Deny",
    unknownPrice: "Deny",
    ...changes,
  };
}

export function applied(rule: BudgetRule, account = "*"): AppliedBudget {
  return { rule, account, anonymous: false };
}

export const windowEndMs = 86_400_000;

export function makeStanding(budgetId: string, changes: Partial<Standing> = {}): Standing {
  const window = { startMs: 0, endMs: windowEndMs };
  return { budgetId, account: "*", window, limit: 1_000n, spent: 0n, held: 0n, overrun: 0n, ...changes };
}

export function downgrade(remainingBelowPercent: number, model: string): BudgetTier {
  return { remainingBelowPercent, action: "Downgrade", model };
}

export function reject(remainingBelowPercent: number): BudgetTier {
  return { remainingBelowPercent, action: "Reject" };
}

export function queue(remainingBelowPercent: number, maxWaitMs = 2_000): BudgetTier {
  return { remainingBelowPercent, action: "Queue", maxWaitMs };
}

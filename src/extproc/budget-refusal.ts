import { toWireAmount, unitName, wireAmountText } from "../budgets/amounts.ts";
import type { Standing } from "../budgets/budget-store.ts";
import { remainingOf } from "../budgets/tiers.ts";
import type { BudgetTier, BudgetUnit } from "../core/budget.ts";
import type { AppliedBudget } from "../core/request-plan.ts";
import { GatewayError } from "../lib/errors.ts";

function amountText(unit: BudgetUnit, amount: bigint): string {
  return wireAmountText(unitName(unit), toWireAmount(unit, amount));
}

export interface Refusing {
  readonly budget: AppliedBudget;
  readonly standing: Standing;
  /** What the request would have needed; undefined = it was not computed, because a tier refuses whatever it is. */
  readonly asked: bigint | undefined;
  readonly passesAtMs: number | undefined;
  /** The tier that refuses; undefined = the request does not fit. */
  readonly tier: BudgetTier | undefined;
  /** What was under way, and `held` has a part of: an answer that ends here, or a request whose next attempt is not made. */
  readonly begun?: "answer" | "attempt";
}

function reason({ budget, asked, tier, begun }: Refusing): string {
  const { unit } = budget.rule;
  if (begun === "answer") return "the answer has used what could be held for it, and ends here";
  if (begun === "attempt") return `a further attempt may need up to ${amountText(unit, asked ?? 0n)} more`;
  if (tier !== undefined) {
    const waited = tier.action === "Queue" ? `, and nothing was released within ${tier.maxWaitMs / 1_000} s` : "";
    return `it takes no requests while less than ${tier.remainingBelowPercent} % remains${waited}`;
  }
  return `this request may need up to ${amountText(unit, asked ?? 0n)}`;
}

function when(passesAtMs: number | undefined): string {
  return passesAtMs === undefined
    ? "it can never pass: it may need more than the whole budget"
    : `it can pass from ${new Date(passesAtMs).toISOString()}`;
}

/** The refusal of a budget, which explains itself (limits.md L36). `cheaperModel` would pass now. */
export function budgetRefusal(refusing: Refusing, cheaperModel: string | undefined, nowMs: number): GatewayError {
  const { budget, standing, asked, passesAtMs, tier } = refusing;
  const { id, unit } = budget.rule;
  const account = budget.anonymous ? `${budget.account} (no account was named)` : budget.account;
  const { limit, spent, held, overrun, window } = standing;
  const used = `${amountText(unit, spent + overrun)} of ${amountText(unit, limit)} is spent and ${amountText(unit, held)} held`;
  const cheaper = cheaperModel === undefined ? "" : `; the model ${cheaperModel} would pass now`;
  const passes = refusing.begun === undefined ? `; ${when(passesAtMs)}` : "";
  const message = `budget ${id}, account ${account}: ${used}; ${reason(refusing)}${passes}${cheaper}`;
  const retryAfter: Record<string, string> =
    passesAtMs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil((passesAtMs - nowMs) / 1_000))) };
  return new GatewayError("budget_exceeded", message, {
    headers: retryAfter,
    members: {
      budget: {
        name: id,
        account: budget.account,
        unit: unitName(unit),
        window: { start: new Date(window.startMs).toISOString(), end: new Date(window.endMs).toISOString() },
        limit: toWireAmount(unit, limit),
        spent: toWireAmount(unit, spent + overrun),
        held: toWireAmount(unit, held),
        remaining: toWireAmount(unit, remainingOf(standing)),
        estimate: asked === undefined ? null : toWireAmount(unit, asked),
        tier: tier === undefined ? null : { remaining_below_percent: tier.remainingBelowPercent, action: tier.action },
        passes_at: passesAtMs === undefined ? null : new Date(passesAtMs).toISOString(),
        cheaper_model: cheaperModel ?? null,
      },
    },
  });
}

/** Nobody knows what this request may cost, and the budget wants to know (limits.md L30). */
export function unknownPriceError(budgetId: string, model: string): GatewayError {
  return new GatewayError(
    "unknown_price",
    `budget ${budgetId} counts dollars, and there is no price of ${model}; add one to a PriceBook, or choose another model`,
    { param: "model" },
  );
}

export function budgetStoreAway(cause: unknown): GatewayError {
  return new GatewayError(
    "budget_store_unavailable",
    "what is spent cannot be known now, so this request cannot be paid for; try again",
    { cause, headers: { "retry-after": "1" } },
  );
}

import { z } from "zod";
import type { BudgetRule, BudgetTier, BudgetWindow } from "../core/budget.ts";
import { toWireAmount, unitName, wireAmount } from "./amounts.ts";
import type { Standing } from "./budget-store.ts";
import { remainingOf, tierInForce } from "./tiers.ts";

const text = z.string();
const time = z.iso.datetime();

const tier = z.discriminatedUnion("action", [
  z.object({ remaining_below_percent: z.number(), action: z.literal("Downgrade"), model: text }),
  z.object({ remaining_below_percent: z.number(), action: z.literal("Reject") }),
  z.object({ remaining_below_percent: z.number(), action: z.literal("Queue"), max_wait_seconds: z.number() }),
]);

const account = z.object({
  account: text,
  window: z.object({ start: time, end: time }),
  limit: wireAmount,
  spent: wireAmount,
  held: wireAmount,
  overrun: wireAmount,
  remaining: wireAmount,
  /** Rounded down to a tenth. */
  remaining_percent: z.number(),
  /** The lowest that applies; null = none. */
  tier: tier.nullable(),
  /** The end of a calendar window; when the oldest part of a rolling one becomes free. */
  resets_at: time,
});

const budget = z.object({
  name: text,
  unit: text,
  enforcement: z.enum(["Hard", "Soft", "Shadow"]),
  window: z.union([z.object({ every: text, time_zone: text }), z.object({ rolling_seconds: z.number() })]),
  limit: wireAmount,
  accounts: z.array(account),
});

/** What `GET /budgets` answers; one account's own answer is a budget with that account alone. */
export const budgetReportsSchema = z.object({ budgets: z.array(budget) });

export type BudgetReport = z.output<typeof budget>;
export type AccountReport = z.output<typeof account>;

function reportTier(inForce: BudgetTier | undefined): AccountReport["tier"] {
  if (inForce === undefined) return null;
  const { remainingBelowPercent: remaining_below_percent } = inForce;
  switch (inForce.action) {
    case "Downgrade":
      return { remaining_below_percent, action: "Downgrade", model: inForce.model };
    case "Reject":
      return { remaining_below_percent, action: "Reject" };
    case "Queue":
      return { remaining_below_percent, action: "Queue", max_wait_seconds: inForce.maxWaitMs / 1_000 };
  }
}

function reportWindow(window: BudgetWindow): BudgetReport["window"] {
  if (window.kind === "rolling") return { rolling_seconds: window.lengthMs / 1_000 };
  return { every: window.every, time_zone: window.timeZone };
}

function reportAccount(rule: BudgetRule, standing: Standing): AccountReport {
  const amount = (value: bigint) => toWireAmount(rule.unit, value);
  const remaining = remainingOf(standing);
  const perMille = standing.limit === 0n ? 0n : (remaining * 1_000n) / standing.limit;
  const end = new Date(standing.window.endMs).toISOString();
  return {
    account: standing.account,
    window: { start: new Date(standing.window.startMs).toISOString(), end },
    limit: amount(standing.limit),
    spent: amount(standing.spent),
    held: amount(standing.held),
    overrun: amount(standing.overrun),
    remaining: amount(remaining),
    remaining_percent: Number(perMille) / 10,
    tier: reportTier(tierInForce(rule.tiers, standing)),
    resets_at: end,
  };
}

/** How accounts of a budget stand now. */
export function reportBudget(rule: BudgetRule, standings: readonly Standing[]): BudgetReport {
  return {
    name: rule.id,
    unit: unitName(rule.unit),
    enforcement: rule.enforcement,
    window: reportWindow(rule.window),
    limit: toWireAmount(rule.unit, rule.limit),
    accounts: standings.map((standing) => reportAccount(rule, standing)),
  };
}

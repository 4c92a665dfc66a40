import type { BudgetRule, BudgetTier } from "../core/budget.ts";
import type { Standing } from "./budget-store.ts";

type Counted = Pick<Standing, "limit" | "spent" | "held" | "overrun">;

/** A tier that downgraded an account is left this many points above its threshold, so that models do not flap (limits.md L35). */
const stickyPoints = 5;

/** Thresholds are compared in thousandths of a point. */
const partsPerPoint = 1_000;

export function remainingOf({ limit, spent, held, overrun }: Counted): bigint {
  const remaining = limit - spent - held - overrun;
  return remaining < 0n ? 0n : remaining;
}

function isBelow(standing: Counted, percent: number): boolean {
  const parts = BigInt(Math.round(percent * partsPerPoint));
  return remainingOf(standing) * BigInt(100 * partsPerPoint) < parts * standing.limit;
}

/**
 * The tier in force: of those whose threshold the account is below the lowest. `before`: the tier that downgraded this account's
 * last request.
 */
export function tierInForce(
  tiers: readonly BudgetTier[],
  standing: Counted,
  before?: BudgetTier | undefined,
): BudgetTier | undefined {
  const now = tiers.find(({ remainingBelowPercent }) => isBelow(standing, remainingBelowPercent));
  if (before?.action !== "Downgrade") return now;
  if (now !== undefined && now.remainingBelowPercent <= before.remainingBelowPercent) return now;
  return isBelow(standing, before.remainingBelowPercent + stickyPoints) ? before : now;
}

/**
 * What must remain before a request for `tier` still to be the one in force: the threshold of the next lower tier. A store that
 * is told this confirms the tier while it reserves.
 */
export function leastRemaining({ tiers, limit }: Pick<BudgetRule, "tiers" | "limit">, tier?: BudgetTier): bigint {
  const below =
    tier === undefined ? tiers : tiers.filter((one) => one.remainingBelowPercent < tier.remainingBelowPercent);
  const next = below.at(-1);
  if (next === undefined) return 0n;
  const parts = BigInt(Math.round(next.remainingBelowPercent * partsPerPoint)) * limit;
  const whole = BigInt(100 * partsPerPoint);
  return (parts + whole - 1n) / whole;
}

/** Which tier downgraded an account last, until its window ends. Bounded: the accounts that were longest ago are forgotten. */
export class StickyTiers {
  readonly #maxAccounts: number;
  readonly #tiers = new Map<string, { readonly tier: BudgetTier; readonly windowEndMs: number }>();

  constructor(maxAccounts: number) {
    this.#maxAccounts = maxAccounts;
  }

  find(budgetId: string, account: string, nowMs: number): BudgetTier | undefined {
    const found = this.#tiers.get(keyOf(budgetId, account));
    return found !== undefined && nowMs < found.windowEndMs ? found.tier : undefined;
  }

  /** Remembers the tier of a request; undefined = it was in none that downgrades. */
  keep(standing: Standing, tier: BudgetTier | undefined): void {
    const key = keyOf(standing.budgetId, standing.account);
    this.#tiers.delete(key);
    if (tier?.action !== "Downgrade") return;
    this.#tiers.set(key, { tier, windowEndMs: standing.window.endMs });
    if (this.#tiers.size <= this.#maxAccounts) return;
    for (const oldest of this.#tiers.keys()) {
      this.#tiers.delete(oldest);
      break;
    }
  }
}

function keyOf(budgetId: string, account: string): string {
  return `${budgetId} ${account}`;
}

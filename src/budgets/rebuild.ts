import type { LedgerEntry } from "../core/request-record.ts";
import { accountKey } from "./accounts.ts";
import type { BookCall, Spending } from "./booking.ts";
import type { BudgetTerms } from "./budget-store.ts";
import { layoutOf, slotAt } from "./budget-window.ts";
import { isLeaseSession } from "./lease.ts";

export interface RebuildOptions {
  /** The budgets as they are configured now; what others spent is of no use any more. */
  readonly termsOf: (budgetId: string) => BudgetTerms | undefined;
  readonly nowMs: number;
  /** Names the ledger: what two ledgers have is booked twice, what one has is booked once however often it is tried. */
  readonly ledgerId: string;
  /** Sessions whose cost gets into the store otherwise. */
  readonly isElsewhere: (sessionId: string) => boolean;
}

/**
 * What a ledger knows of what was spent in windows that still count, as bookings for a store that has lost its data (limits.md L39):
 * a sum per account and window, or bucket of a rolling window.
 *
 * A ledger has what its own gateway served. With several gateways each rebuilds its own part, and until the last has done so the
 * accounts look emptier than they are. A hold that expired on one and was settled late by another is booked by both. What was held,
 * what the ledger dropped, and what a gateway that is gone for good has spent stays lost.
 */
export async function bookingsOf(
  entries: AsyncIterable<LedgerEntry>,
  { termsOf, nowMs, ledgerId, isElsewhere }: RebuildOptions,
): Promise<readonly BookCall[]> {
  const sums = new Map<string, Spending>();
  /** Sessions that expired, until their owner settles them after all, which replaces what was booked. */
  const expired = new Map<string, readonly [string, Spending][]>();

  function add(key: string, spending: Spending): void {
    const before = sums.get(key)?.amount ?? 0n;
    sums.set(key, { ...spending, amount: before + spending.amount });
  }

  /** Undefined = nothing of it counts now. */
  function spendingOf(
    { budget: budgetId, account, spent, overrun }: { budget: string; account: string; spent: string; overrun: string },
    atMs: number,
  ): [string, Spending] | undefined {
    const budget = termsOf(budgetId);
    const amount = BigInt(spent) + BigInt(overrun);
    if (budget === undefined || amount === 0n) return undefined;
    const { window } = budget;
    const { count, slotMs } = layoutOf(window);
    const slot = slotAt(window, atMs);
    if (slot.endMs + (count - 1) * slotMs <= nowMs) return undefined;
    return [
      `${accountKey(budgetId, account, window)}@${slot.startMs}`,
      { budget, account, atMs: slot.startMs, amount },
    ];
  }

  for await (const entry of entries) {
    // what was spent from a slice is told by the requests that spent it
    if (isElsewhere(entry.session) || isLeaseSession(entry.session)) continue;
    // its window is not told: it is the one of that time, or the one before
    const found = entry.budgets.map((line) =>
      spendingOf(line, "windowEndMs" in line ? line.windowEndMs - 1 : entry.type === "expired" ? entry.atMs : 0),
    );
    const spendings = found.filter((one) => one !== undefined);
    if (entry.type === "expired") {
      expired.set(entry.session, spendings);
      continue;
    }
    expired.delete(entry.session);
    for (const [key, spending] of spendings) add(key, spending);
  }
  for (const spendings of expired.values()) for (const [key, spending] of spendings) add(key, spending);

  const calls: BookCall[] = [];
  for (const [key, spending] of sums) calls.push({ id: `rebuild|${ledgerId}|${key}`, spendings: [spending] });
  return calls;
}

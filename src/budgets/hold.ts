import { change, peakSums, type Slots, sumsOf } from "./accounts.ts";
import type { BudgetTerms, SettledLine } from "./budget-store.ts";
import { type SlotLayout, spanOf, type WindowSpan } from "./budget-window.ts";
import { wrongBudgets } from "./check-call.ts";
import { book, least, usedOf } from "./decisions.ts";

/** The part of a hold that lies on one budget. */
export interface HoldLine {
  readonly budget: BudgetTerms;
  readonly account: string;
  readonly key: string;
  readonly layout: SlotLayout;
  /** Where it was reserved, and where it settles. */
  readonly slot: WindowSpan;
  /** With all extensions. */
  readonly amount: bigint;
  /** What its settlement booked; undefined while it is open. */
  readonly booked?: { readonly spent: bigint; readonly overrun: bigint };
}

/** What one session holds. */
export interface Hold {
  readonly owner: string;
  readonly priceVersion: string;
  readonly expiresAtMs: number;
  readonly lines: readonly HoldLine[];
  /** Cost so far in the order of the lines; undefined = its owner never said. */
  readonly metered: readonly bigint[] | undefined;
}

/**
 * The amounts in the order of the hold's lines.
 * @throws RangeError when they are for other budgets
 */
export function amountsOf(sessionId: string, hold: Hold, amounts: ReadonlyMap<string, bigint>): readonly bigint[] {
  if (amounts.size !== hold.lines.length) throw wrongBudgets(sessionId);
  return hold.lines.map(({ budget }) => {
    const amount = amounts.get(budget.id);
    if (amount === undefined) throw wrongBudgets(sessionId);
    return amount;
  });
}

/** Books the amounts; `late` = the hold expired and was released before. */
export function settleLines(
  hold: Hold,
  amounts: readonly bigint[],
  late: boolean,
  slotsOf: (line: HoldLine) => Slots,
): readonly HoldLine[] {
  return hold.lines.map((line, index) => {
    const slots = slotsOf(line);
    const before = line.booked ?? { spent: 0n, overrun: 0n };
    const hard = line.budget.enforcement === "Hard";
    const used = usedOf(peakSums(slots, line.slot, line.layout)) - before.overrun;
    const free = line.budget.limit > used ? line.budget.limit - used : 0n;
    const booked = book({
      amount: amounts[index] ?? 0n,
      hold: hard ? line.amount : undefined,
      before,
      room: hard && late ? free : undefined,
    });
    // a slot that is forgotten has no window any more that something could be decided in
    if (!late || slots.has(line.slot.startMs)) {
      // less than it is there only when the whole account was forgotten
      const { held } = sumsOf(slots, line.slot.startMs);
      const released = late ? 0n : least(line.amount, held);
      change(slots, line.slot.startMs, {
        spent: booked.spent - before.spent,
        held: -released,
        overrun: booked.overrun - before.overrun,
      });
    }
    return { ...line, booked };
  });
}

export function settledLines(lines: readonly HoldLine[]): readonly SettledLine[] {
  return lines.map(({ budget, account, slot, layout, booked }) => ({
    budgetId: budget.id,
    account,
    window: spanOf(slot, layout),
    spent: booked?.spent ?? 0n,
    overrun: booked?.overrun ?? 0n,
  }));
}

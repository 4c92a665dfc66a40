import type { BudgetWindow } from "../core/budget.ts";
import type { SlotLayout, WindowSpan } from "./budget-window.ts";
import { layoutName } from "./budget-window.ts";
import { type Sums, usedOf } from "./decisions.ts";

/** What an account has used, by the start of the slot. */
export type Slots = Map<number, Sums>;

const nothing: Sums = { spent: 0n, held: 0n, overrun: 0n };

/** The key of an account's counters. Every part is length-prefixed, so that no two accounts share one (limits.md L15). */
export function accountKey(budgetId: string, account: string, window: BudgetWindow): string {
  return [budgetId, account, layoutName(window)].map((part) => `${part.length}:${part}`).join("|");
}

export function sumsOf(slots: Slots, startMs: number): Sums {
  return slots.get(startMs) ?? nothing;
}

/** Adds to a slot. */
export function change(slots: Slots, startMs: number, by: Sums): void {
  const { spent, held, overrun } = sumsOf(slots, startMs);
  slots.set(startMs, { spent: spent + by.spent, held: held + by.held, overrun: overrun + by.overrun });
}

/** What is counted in the window of a slot. */
export function windowSums(slots: Slots, slot: WindowSpan, { count, slotMs }: SlotLayout): Sums {
  if (count === 1) return sumsOf(slots, slot.startMs);
  let sums = nothing;
  for (const [startMs, { spent, held, overrun }] of slots) {
    if (startMs > slot.startMs || startMs < slot.startMs - (count - 1) * slotMs) continue;
    sums = { spent: sums.spent + spent, held: sums.held + held, overrun: sums.overrun + overrun };
  }
  return sums;
}

/**
 * What is counted in the fullest of the windows that a slot belongs to. Those after it matter when a hold grows that was
 * reserved some buckets ago.
 */
export function peakSums(slots: Slots, slot: WindowSpan, layout: SlotLayout): Sums {
  let peak = windowSums(slots, slot, layout);
  for (const startMs of slots.keys()) {
    if (startMs <= slot.startMs || startMs >= slot.startMs + layout.count * layout.slotMs) continue;
    const sums = windowSums(slots, { startMs, endMs: startMs + layout.slotMs }, layout);
    if (usedOf(sums) > usedOf(peak)) peak = sums;
  }
  return peak;
}

/** When so much has left the window of a slot that what is used is at most `bound`. */
export function freeAtMs(slots: Slots, slot: WindowSpan, layout: SlotLayout, bound: bigint): number {
  if (layout.count === 1) return slot.endMs;
  let used = usedOf(windowSums(slots, slot, layout));
  let freeMs = slot.endMs;
  for (let index = layout.count - 1; index >= 0 && used > bound; index--) {
    const startMs = slot.startMs - index * layout.slotMs;
    used -= usedOf(sumsOf(slots, startMs));
    freeMs = startMs + layout.count * layout.slotMs;
  }
  return freeMs;
}

/** Forgets all but the newest slots; those with holds stay, because a hold settles where it was reserved. */
export function trim(slots: Slots, layout: SlotLayout): void {
  const keep = 3 * layout.count + 64;
  if (slots.size <= 2 * keep) return;
  const oldest = [...slots.keys()].sort((a, b) => a - b).slice(0, -keep);
  for (const startMs of oldest) if (sumsOf(slots, startMs).held === 0n) slots.delete(startMs);
}

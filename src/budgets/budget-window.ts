import type { BudgetWindow } from "../core/budget.ts";
import { type WindowUnit, windowAt } from "../lib/windows.ts";

/** Half-open interval in milliseconds since the epoch. */
export interface WindowSpan {
  readonly startMs: number;
  readonly endMs: number;
}

const rollingBuckets = 60;
const dayMs = 86_400_000;

/**
 * A window as stores see it: a row of slots. What is reserved is counted in the slot of its time, and a slot's window is that
 * slot and the `count − 1` before it.
 *
 * A calendar window is one slot. A rolling one is cut into 60 buckets; the span of its length that ends now touches 61 of them,
 * and the oldest is counted whole: so no span of that length ever sees more than the limit.
 */
export interface SlotLayout {
  readonly count: number;
  /** Length of a bucket of a rolling window; 0 for a calendar window, whose slots differ in length. */
  readonly slotMs: number;
  /** How long an account is kept after it was last touched: its window, and a day. */
  readonly keepMs: number;
}

const longestMs: Readonly<Record<Exclude<WindowUnit, "Second">, number>> = {
  Minute: 60_000,
  Hour: 3_600_000,
  // the day on which clocks are set back is longer
  Day: 26 * 3_600_000,
  Week: 8 * dayMs,
  Month: 32 * dayMs,
  Year: 367 * dayMs,
};

export function layoutOf(window: BudgetWindow): SlotLayout {
  if (window.kind === "calendar") return { count: 1, slotMs: 0, keepMs: longestMs[window.every] + dayMs };
  const slotMs = Math.ceil(window.lengthMs / rollingBuckets);
  return { count: rollingBuckets + 1, slotMs, keepMs: slotMs * (rollingBuckets + 1) + dayMs };
}

/** Names the kind of window in an account's key: slots of different layouts never meet. */
export function layoutName(window: BudgetWindow): string {
  return window.kind === "calendar" ? `${window.every}:${window.timeZone}` : `rolling:${window.lengthMs}`;
}

/** The slot before, at and after an instant. Computing calendar windows is slow, so the last answer per zone is kept. */
const calendarSlots = new Map<string, readonly [WindowSpan, WindowSpan, WindowSpan]>();

/** The slot of an instant, between its neighbours: a store whose clock differs finds its own among them. */
export function slotsAround(window: BudgetWindow, nowMs: number): readonly [WindowSpan, WindowSpan, WindowSpan] {
  if (window.kind === "rolling") {
    const { slotMs } = layoutOf(window);
    const startMs = Math.floor(nowMs / slotMs) * slotMs;
    const at = (start: number): WindowSpan => ({ startMs: start, endMs: start + slotMs });
    return [at(startMs - slotMs), at(startMs), at(startMs + slotMs)];
  }
  const name = layoutName(window);
  const known = calendarSlots.get(name);
  if (known !== undefined && nowMs >= known[1].startMs && nowMs < known[1].endMs) return known;
  const now = windowAt(window.every, window.timeZone, nowMs);
  const slots = [
    windowAt(window.every, window.timeZone, now.startMs - 1),
    now,
    windowAt(window.every, window.timeZone, now.endMs),
  ] as const;
  calendarSlots.set(name, slots);
  return slots;
}

export function slotAt(window: BudgetWindow, nowMs: number): WindowSpan {
  return slotsAround(window, nowMs)[1];
}

/** What a slot's window spans. */
export function spanOf(slot: WindowSpan, layout: SlotLayout): WindowSpan {
  return { startMs: slot.startMs - (layout.count - 1) * layout.slotMs, endMs: slot.endMs };
}

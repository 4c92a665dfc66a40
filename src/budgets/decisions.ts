import type { Enforcement } from "../core/budget.ts";

/** What is counted in a slot, or in a window. */
export interface Sums {
  readonly spent: bigint;
  readonly held: bigint;
  readonly overrun: bigint;
}

/** What is not available any more. An overrun was billed: it is gone, too. */
export function usedOf(sums: Sums): bigint {
  return sums.spent + sums.held + sums.overrun;
}

/** The smaller one; `Math.min` takes no bigints. */
export function least(one: bigint, other: bigint): bigint {
  if (one < other) return one;
  return other;
}

/**
 * The most that may be used already for a request to fit; negative = it never fits. A Soft budget is used up at its limit.
 * `leastRemaining` must be left before the request.
 */
export function mostUsed(enforcement: Enforcement, asked: bigint, limit: bigint, leastRemaining = 0n): bigint {
  const bound = enforcement !== "Hard" && asked === 0n ? limit - 1n : limit - asked;
  return least(bound, limit - leastRemaining);
}

export interface Booking {
  /** What it cost. */
  readonly amount: bigint;
  /** What may be booked as spent; undefined = everything (Soft, Shadow). */
  readonly hold: bigint | undefined;
  /** What an earlier settlement of the hold booked. */
  readonly before: { readonly spent: bigint; readonly overrun: bigint };
  /** How much `spent` may grow; undefined = freely, because the hold was still there. */
  readonly room: bigint | undefined;
}

/** What stands for a hold after its settlement (limits.md L31, L32): a difference is booked once, and what does not fit is overrun. */
export function book({ amount, hold, before, room }: Booking): { readonly spent: bigint; readonly overrun: bigint } {
  const bound = hold === undefined ? amount : least(amount, hold);
  const spent = room === undefined ? bound : least(bound, before.spent + room);
  return { spent, overrun: amount - spent };
}

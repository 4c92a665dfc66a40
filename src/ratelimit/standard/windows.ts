import type { LimitUnit } from "../../core/runtime-config.ts";
import type { Window } from "../../lib/windows.ts";

const day = 86_400_000;
const lengthMs: Readonly<Record<LimitUnit, number>> = {
  Second: 1_000,
  Minute: 60_000,
  Hour: 3_600_000,
  Day: day,
  Week: 7 * day,
  Month: 30 * day,
  Year: 365 * day,
};

/** As the standard service has them: multiples of fixed lengths since the epoch, a month of 30 days and a year of 365. */
export function fixedWindowAt(unit: LimitUnit, nowMs: number): Window {
  const length = lengthMs[unit];
  const startMs = Math.floor(nowMs / length) * length;
  return { startMs, endMs: startMs + length };
}

/** Lengths of a window, as configuration names them. */
export type WindowUnit = "Second" | "Minute" | "Hour" | "Day" | "Week" | "Month" | "Year";

/** Half-open interval in milliseconds since the epoch. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

const fixedMs = { Second: 1_000, Minute: 60_000, Hour: 3_600_000, Day: 86_400_000 } as const;

type CalendarUnit = Exclude<WindowUnit, "Second" | "Minute" | "Hour">;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** The wall-clock time of an instant, as if it were UTC. */
function wallClock(timeZone: string, instantMs: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatFor(timeZone).formatToParts(instantMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The first instant at which the wall clock of the zone shows `wallMs` or, when a change of clocks skips it, later. */
function instantOf(timeZone: string, wallMs: number): number {
  // offsets lie between −12 h and +14 h, so the instant lies between these two
  let before = wallMs - 14 * 3_600_000;
  let after = wallMs + 12 * 3_600_000;
  const offsets = [before, after].map((near) => wallClock(timeZone, near) - Math.floor(near / 1_000) * 1_000);
  const instants = offsets
    .map((offset) => wallMs - offset)
    .filter((instant) => wallClock(timeZone, instant) === wallMs);
  // a time that happens twice counts from the first
  if (instants.length > 0) return Math.min(...instants);
  // it is skipped: find the change of clocks that skips it, to the second
  while (after - before > 1_000) {
    const middle = before + Math.floor((after - before) / 2_000) * 1_000;
    if (wallClock(timeZone, middle) >= wallMs) after = middle;
    else before = middle;
  }
  return after;
}

/** The wall-clock start of the calendar window around a wall-clock time, and of the one after it. */
function calendarBounds(unit: CalendarUnit, wallMs: number): readonly [number, number] {
  const date = new Date(wallMs);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  switch (unit) {
    case "Day":
      return [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)];
    case "Week": {
      const monday = day - ((date.getUTCDay() + 6) % 7);
      return [Date.UTC(year, month, monday), Date.UTC(year, month, monday + 7)];
    }
    case "Month":
      return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
    case "Year":
      return [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
  }
}

/**
 * The window of a limit or budget at an instant (limits.md L14). Seconds, minutes and hours are aligned to the epoch; days, weeks (from
 * Monday), months and years follow the calendar of the IANA zone, changes of clocks included.
 */
export function windowAt(unit: WindowUnit, timeZone: string, nowMs: number): Window {
  if (unit === "Second" || unit === "Minute" || unit === "Hour" || (unit === "Day" && timeZone === "UTC")) {
    const length = fixedMs[unit];
    const startMs = Math.floor(nowMs / length) * length;
    return { startMs, endMs: startMs + length };
  }
  const [start, end] = calendarBounds(unit, wallClock(timeZone, nowMs));
  const endMs = instantOf(timeZone, end);
  if (nowMs < endMs) return { startMs: instantOf(timeZone, start), endMs };
  // clocks were set back across midnight: the next day had begun already, and goes on
  return { startMs: endMs, endMs: instantOf(timeZone, calendarBounds(unit, end)[1]) };
}

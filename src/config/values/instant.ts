import { z } from "zod";

/** Milliseconds since the epoch of a date (its first moment in UTC) or of a time with its zone; undefined when it is none. */
export function parseInstant(text: string): number | undefined {
  const found = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.exec(text);
  if (found === null) return undefined;
  const day = Date.parse(`${found[1]}T00:00:00Z`);
  // February 30 would be taken for March 2
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== found[1]) return undefined;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

/** A point in time; its output is milliseconds since the epoch. */
export const instantMs = z.string().transform((text, context) => {
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(text)} is not a date; write e.g. 2026-01-31 or 2026-01-31T12:00:00Z`,
  });
  return z.NEVER;
});

import type { UsageSink } from "./answer-sink.ts";
import type { JsonView } from "./json-view.ts";

/**
 * A token counter of a provider's usage report: undefined when not told. Fractions are floored; negative and non-numeric
 * values are ignored and counted (R151).
 */
export function readCounter(counter: JsonView, sink: Pick<UsageSink, "note">): number | undefined {
  if (!counter.told) return undefined;
  if (counter.number === undefined || counter.number < 0) {
    sink.note("bad_usage_counter");
    return undefined;
  }
  return Math.floor(counter.number);
}

/** The sum of the counters that were told; undefined when none was. */
export function sumOfTold(...counts: readonly (number | undefined)[]): number | undefined {
  const told = counts.filter((count) => count !== undefined);
  return told.length === 0 ? undefined : told.reduce((sum, count) => sum + count, 0);
}

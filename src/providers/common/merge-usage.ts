import type { TokenUsage } from "../../core/usage.ts";

/** A later report replaces an earlier one field by field; what it does not tell stays (R147). */
export function mergeUsage(earlier: TokenUsage | undefined, later: TokenUsage | undefined): TokenUsage | undefined {
  if (later === undefined) return earlier;
  return { ...earlier, ...toldUsage(later) };
}

/** Only the counters that were told; undefined when none was. */
export function toldUsage(usage: TokenUsage): TokenUsage | undefined {
  const told = Object.entries(usage).filter(([, tokens]) => tokens !== undefined);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

import type { ServiceTier, TokenUsage } from "../../core/usage.ts";

/** A later report replaces an earlier one field by field; what it does not tell stays (R147). */
export function mergeUsage(earlier: TokenUsage | undefined, later: TokenUsage | undefined): TokenUsage | undefined {
  if (later === undefined) return earlier;
  return { ...earlier, ...toldUsage(later) };
}

/** Only what was told; undefined when nothing was. */
export function toldUsage(usage: TokenUsage): TokenUsage | undefined {
  const told = Object.entries(usage).filter(([, value]) => value !== undefined);
  return told.length === 0 ? undefined : (Object.fromEntries(told) as TokenUsage);
}

/** The usage together with the tier that served it, which some providers tell before the counters. */
export function withServiceTier(
  usage: TokenUsage | undefined,
  serviceTier: ServiceTier | undefined,
): TokenUsage | undefined {
  return serviceTier === undefined ? usage : { ...usage, serviceTier };
}

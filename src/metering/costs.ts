import type { CostContext, CostRule } from "../core/runtime-config.ts";
import type { ServiceTier } from "../core/usage.ts";

export interface EvaluatedCosts {
  /** Integer 0 … 1e9 by metadata key. */
  readonly values: Readonly<Record<string, number>>;
  /** Keys whose value was cut to the largest that Envoy carries. */
  readonly capped: readonly string[];
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
  /** Which rates stand for the model's, which nobody told; undefined = none had to. */
  readonly unpriced: string | undefined;
  /** The dearer tier that served and has no rates of its own; undefined = none. */
  readonly unpricedTier: ServiceTier | undefined;
}

/** What a request's usage costs by every rule. */
export function evaluateCosts(rules: readonly CostRule[], context: CostContext): EvaluatedCosts {
  const values: Record<string, number> = {};
  const capped: string[] = [];
  const failed: { key: string; reason: string }[] = [];
  let unpriced: string | undefined;
  let unpricedTier: ServiceTier | undefined;
  for (const rule of rules) {
    const result = rule.evaluate(context);
    values[rule.metadataKey] = result.value;
    if (result.capped === true) capped.push(rule.metadataKey);
    if (result.failed !== undefined) failed.push({ key: rule.metadataKey, reason: result.failed });
    unpriced ??= result.unpriced;
    unpricedTier ??= result.unpricedTier;
  }
  return { values, capped, failed, unpriced, unpricedTier };
}

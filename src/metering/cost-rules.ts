import type { CostContext, CostRule, CostValue } from "../core/runtime-config.ts";
import { compileCel } from "./cel.ts";
import { costNanoUsd, isTierUnpriced, microUsd } from "./price.ts";

/** The largest cost that Envoy carries in `hits_addend`; above it the whole descriptor would be dropped. */
export const maxCost = 1_000_000_000;

/** Every type of cost rule (limits.md L3). */
export const costTypes = [
  "InputToken",
  "OutputToken",
  "TotalToken",
  "CachedInputToken",
  "CacheCreationInputToken",
  "ReasoningToken",
  "CEL",
  "USD",
] as const;

export interface CostSpec {
  readonly metadataKey: string;
  readonly type: string;
  readonly cel?: string | undefined;
}

const readers: Readonly<Record<string, (context: CostContext) => number>> = {
  InputToken: ({ usage }) => usage.input ?? 0,
  OutputToken: ({ usage }) => usage.output ?? 0,
  TotalToken: ({ usage }) => usage.total ?? 0,
  CachedInputToken: ({ usage }) => usage.cachedInput ?? 0,
  CacheCreationInputToken: ({ usage }) => usage.cacheWrite ?? 0,
  ReasoningToken: ({ usage }) => usage.reasoning ?? 0,
};

/** Half away from zero, as limits.md L5 has it; costs are never negative, so this is half up. */
function toCost(value: number): CostValue {
  const rounded = Math.round(value) + 0; // no negative zero
  return rounded > maxCost ? { value: maxCost, capped: true } : { value: rounded };
}

/**
 * Micro-dollars. The call was made and costs something, so a model without a price is neither free nor refused here: the dearest
 * rates that are known stand for it (the `WorstCase` of limits.md L30).
 */
function usdCost({ usage, quote }: CostContext): CostValue {
  const { price, known } = quote();
  const cost = toCost(microUsd(costNanoUsd(price, usage)));
  if (!known) return { ...cost, unpriced: price.source };
  return isTierUnpriced(price, usage) ? { ...cost, unpricedTier: usage.serviceTier } : cost;
}

/**
 * Compiles one cost rule. The rule gives integers 0 … 1e9 and never throws: an expression that cannot be computed for a request
 * counts its total tokens and says so (limits.md L5, L12).
 */
export function compileCostRule(spec: CostSpec): CostRule | { readonly error: string } {
  const { metadataKey, type } = spec;
  const read = readers[type];
  if (read !== undefined) return { metadataKey, type, evaluate: (context) => toCost(read(context)) };
  if (type === "USD") return { metadataKey, type, evaluate: usdCost };
  if (type !== "CEL") return { error: `unknown type ${JSON.stringify(type)}; there are ${costTypes.join(", ")}` };
  if (spec.cel === undefined || spec.cel.trim() === "") return { error: "type CEL needs an expression in cel" };
  const compiled = compileCel(spec.cel);
  if (typeof compiled !== "function") return { error: `the expression cannot be used: ${compiled.error}` };
  return {
    metadataKey,
    type,
    evaluate: (context) => {
      try {
        const value = compiled(context);
        if (value >= 0 && Number.isFinite(value)) return toCost(value);
        return { ...toCost(context.usage.total ?? 0), failed: `the expression gave ${value}` };
      } catch (error) {
        return {
          ...toCost(context.usage.total ?? 0),
          failed: error instanceof Error ? (error.message.split("\n")[0] ?? "") : "evaluation failed",
        };
      }
    },
  };
}

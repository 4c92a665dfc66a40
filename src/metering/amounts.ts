import type { BudgetUnit } from "../core/budget.ts";
import type { CostContext, CostRule } from "../core/runtime-config.ts";
import { costNanoUsd, mostNanoUsd } from "./price.ts";
import type { TokenBound } from "./usage-meter.ts";

/** What a usage comes to in a budget's unit: nano-USD, total tokens, or what the cost rule of its key makes of it. */
export function amountOf(unit: BudgetUnit, costs: readonly CostRule[], context: CostContext): bigint {
  switch (unit.kind) {
    case "USD":
      return BigInt(costNanoUsd(context.quote().price, context.usage));
    case "Tokens":
      return BigInt(context.usage.total ?? (context.usage.input ?? 0) + (context.usage.output ?? 0));
    case "Cost":
      return BigInt(costs.find(({ metadataKey }) => metadataKey === unit.metadataKey)?.evaluate(context).value ?? 0);
  }
}

/** What all of the input may be, and what all of the output; a rule may count one kind alone. */
const inputKinds = [() => ({}), (cachedInput: number) => ({ cachedInput }), (cacheWrite: number) => ({ cacheWrite })];
const outputKinds = [() => ({}), (reasoning: number) => ({ reasoning })];

/**
 * The most that a request can come to (limits.md L31). For a cost rule it is the rule's largest value at the bound, whichever kinds
 * of tokens it consists of: a rule that makes less of more tokens has no such bound, and what it then costs beyond it is booked as
 * overrun.
 */
export function mostOf(
  unit: BudgetUnit,
  costs: readonly CostRule[],
  context: Omit<CostContext, "usage">,
  { inputTokens, outputTokens, tiers }: TokenBound,
): bigint {
  if (unit.kind === "USD") return BigInt(mostNanoUsd(context.quote().price, inputTokens, outputTokens, tiers));
  const usage = { input: inputTokens, output: outputTokens, total: inputTokens + outputTokens };
  const served = [undefined, ...(tiers ?? [])];
  if (unit.kind === "Tokens") return BigInt(usage.total);
  let most = 0n;
  for (const serviceTier of served) {
    for (const inputKind of inputKinds) {
      for (const outputKind of outputKinds) {
        const kinds = { ...inputKind(inputTokens), ...outputKind(outputTokens) };
        const amount = amountOf(unit, costs, { ...context, usage: { ...usage, ...kinds, serviceTier } });
        if (amount > most) most = amount;
      }
    }
  }
  return most;
}

import type { ReasoningEffort } from "./chat-request.ts";

/** The smallest budget that the models take. */
const minBudget = 1024;
const budgets: Readonly<Record<Exclude<ReasoningEffort, "none">, number>> = {
  minimal: 1024,
  low: 1024,
  medium: 4096,
  high: 16384,
  xhigh: 32768,
  max: 32768,
};

/**
 * `budget_tokens` for models that think by budget (translation.md §6.2): below the client's maximum if there is one; undefined
 * when that leaves too little.
 */
export function thinkingBudget(
  effort: Exclude<ReasoningEffort, "none">,
  maxTokens: number | undefined,
): number | undefined {
  const budget = Math.min(budgets[effort], (maxTokens ?? Number.POSITIVE_INFINITY) - 1);
  return budget >= minBudget ? budget : undefined;
}

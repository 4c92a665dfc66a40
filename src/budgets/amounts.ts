import { z } from "zod";
import type { BudgetUnit } from "../core/budget.ts";
import { formatUsd } from "../lib/money.ts";

/** An amount as our JSON tells it: dollars as decimal text, everything else as an integer. */
export const wireAmount = z.union([z.string(), z.number()]);
export type WireAmount = z.output<typeof wireAmount>;

export function toWireAmount(unit: BudgetUnit, amount: bigint): WireAmount {
  return unit.kind === "USD" ? formatUsd(amount) : Number(amount);
}

/** `USD`, `Tokens`, or the key of the cost rule that is counted. */
export function unitName(unit: BudgetUnit): string {
  return unit.kind === "Cost" ? unit.metadataKey : unit.kind;
}

const thousands = new Intl.NumberFormat("en-US");

/** For people: `$1.25`, `1,200 tokens`, `1,200 of llm_total_token`. */
export function wireAmountText(unit: string, amount: WireAmount): string {
  if (typeof amount === "string") return `$${amount}`;
  const count = thousands.format(amount);
  return unit === "Tokens" ? `${count} tokens` : `${count} of ${unit}`;
}

import { z } from "zod";
import type { BudgetUnit } from "../../core/budget.ts";

/** Of dollars after the point, so that a limit is whole nano-USD. */
const nanoDigits = 9;

/** In the smallest unit (four billion dollars): sums of them stay exact in every store. */
const mostAmount = 4_000_000_000_000_000_000n;

/** A number of YAML has become a double, which keeps so many digits as they were written. */
const exactDigits = 15;

const amount = z.union([z.string(), z.number()], {
  error: ({ input }) => `${input === undefined ? "is required:" : "must be"} a number, e.g. 100 or "2.50"`,
});

/** The amount times 10^digits, or what is wrong with it. Nothing is rounded: a limit is what was written. */
function readAmount(written: string | number, digits: number): bigint | string {
  const found = /^(\d{1,40})(?:\.(\d{1,40}))?(?:e([+-]?\d{1,2}))?$/i.exec(String(written));
  const shown = JSON.stringify(written);
  if (found === null) return `${shown} is not an amount; write e.g. 100 or "2.50"`;
  const [, whole = "", fraction = "", exponent = "0"] = found;
  const significant = (whole + fraction).replace(/^0+|0+$/g, "");
  if (typeof written === "number" && significant.length > exactDigits)
    return `has more than ${exactDigits} digits, which are not exact as a number; put it in quotes`;
  const shift = digits + Number(exponent) - fraction.length;
  const divisor = 10n ** BigInt(Math.max(0, -shift));
  const scaled = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, shift));
  if (scaled % divisor !== 0n)
    return digits === 0 ? `${shown} must be a whole number` : `${shown} must have at most ${digits} decimals`;
  const value = scaled / divisor;
  return value <= mostAmount ? value : `must be at most ${mostAmount / 10n ** BigInt(digits)}`;
}

/** Words that are more likely a slip than the name of a cost. */
const slips: readonly [RegExp, "USD" | "Tokens"][] = [
  [/^(usd|dollars?|\$)$/i, "USD"],
  [/^tokens?$/i, "Tokens"],
];

const unit = z
  .string()
  .min(1)
  .transform((name, context): BudgetUnit => {
    if (name === "USD" || name === "Tokens") return { kind: name };
    const slip = slips.find(([pattern]) => pattern.test(name));
    if (slip === undefined) return { kind: "Cost", metadataKey: name };
    const message = `${JSON.stringify(name)} is not one of USD, Tokens or the metadataKey of a cost; did you mean "${slip[1]}"?`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

/** A budget's `{amount, unit}`; the output's `limit` is in the unit's smallest: nano-USD, tokens, or what a cost counts. */
export const budgetLimit = z
  .strictObject({ amount, unit })
  .transform((written, context): { readonly limit: bigint; readonly unit: BudgetUnit } => {
    const limit = readAmount(written.amount, written.unit.kind === "USD" ? nanoDigits : 0);
    if (typeof limit === "bigint") return { limit, unit: written.unit };
    context.addIssue({ code: "custom", path: ["amount"], message: limit });
    return z.NEVER;
  });

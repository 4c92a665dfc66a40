import { z } from "zod";
import { parseNanoUsd } from "../../lib/money.ts";

const dollars = z.union([z.string(), z.number()], {
  error: ({ input }) => `${input === undefined ? "is required:" : "must be"} an amount of dollars, e.g. 2.50`,
});

/** Dollars, as text or as a number; the output is integer nano-USD. */
export const nanoUsd = dollars.transform((written, context) => {
  // a number's shortest decimal form is what was written
  const nano = parseNanoUsd(String(written));
  if (nano !== undefined) return nano;
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(written)} is not an amount of dollars; write e.g. 2.50 or "0.15"`,
  });
  return z.NEVER;
});

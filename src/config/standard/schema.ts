import { z } from "zod";
import type { LimitUnit } from "../../core/runtime-config.ts";

const units: readonly LimitUnit[] = ["Second", "Minute", "Hour", "Day", "Week", "Month", "Year"];
const unitWords = units.map((unit) => unit.toLowerCase()).join(", ");
const mostRequests = 0xffff_ffff;

/** Whole numbers need no quotes here, as in the standard service. */
const value = z
  .union([z.string(), z.int().transform(String)], "must be a string or a whole number; put it in quotes")
  .optional();

const flag = z.boolean().optional();

const rateLimit = z
  .strictObject({
    unit: z.string().optional(),
    requests_per_unit: z.int().min(0).max(mostRequests).optional(),
    unlimited: flag,
    name: z.string().optional(),
    replaces: z.array(z.strictObject({ name: z.string().min(1) })).optional(),
  })
  .superRefine(({ unit, requests_per_unit, unlimited, name, replaces }, context) => {
    const problem = (path: readonly (string | number)[], message: string): void =>
      context.addIssue({ code: "custom", path: [...path], message });
    if (unlimited === true) {
      if (unit !== undefined) problem(["unit"], "does not go with unlimited: true; remove one of them");
    } else {
      if (unit === undefined) problem([], `unit is required: one of ${unitWords}; or write unlimited: true`);
      else if (readUnit(unit) === undefined)
        problem(["unit"], `${JSON.stringify(unit)} is not a unit; write one of ${unitWords}`);
      if (requests_per_unit === undefined)
        problem([], "requests_per_unit is required; 0 refuses everything, unlimited: true refuses nothing");
    }
    for (const [index, { name: replaced }] of (replaces ?? []).entries())
      if (replaced === name) problem(["replaces", index, "name"], "a limit cannot replace itself; name another one");
  });

const entryFields = {
  key: z.string().min(1),
  value,
  rate_limit: rateLimit.optional(),
  shadow_mode: flag,
  quota_mode: flag,
  detailed_metric: flag,
  value_to_metric: flag,
  share_threshold: flag,
};

export type WrittenEntry = z.output<z.ZodObject<typeof entryFields>> & {
  readonly descriptors?: readonly WrittenEntry[] | undefined;
};

const entry: z.ZodType<WrittenEntry> = z
  .strictObject({
    ...entryFields,
    get descriptors() {
      return z.array(entry).optional();
    },
  })
  .superRefine(({ key, value: pattern, share_threshold }, context) => {
    if (share_threshold !== true || (pattern === undefined || pattern === "" ? key : pattern).endsWith("*")) return;
    const message = "goes only with a value that ends in *, whose matches then count together; remove it";
    context.addIssue({ code: "custom", path: ["share_threshold"], message });
  });

/** A file of the standard rate-limit service (limits.md L17). */
export const standardFile = z.strictObject({
  domain: z.string().min(1),
  descriptors: z.array(entry).optional(),
});

/** Units are written in any case. */
export function readUnit(text: string): LimitUnit | undefined {
  return units.find((unit) => unit.toLowerCase() === text.toLowerCase());
}

import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { budgetLimit } from "../../values/budget-limit.ts";
import { durationMs } from "../../values/duration.ts";
import { isTimeZone } from "../../values/time-zone.ts";
import { tollgateGroup } from "../common/groups.ts";
import { targetRef } from "../common/references.ts";

const shortestMs = 60_000;
const longestMs = 366 * 86_400_000;

const target = targetRef.extend({
  group: z.string().optional(),
  kind: z.enum(["AIGatewayRoute", "HTTPRoute", "Gateway"]),
});

const subject = z.strictObject({ header: z.string().min(1) });

const match = z
  .strictObject({
    header: z.string().min(1).optional(),
    value: z.string().min(1).optional(),
    model: z
      .string()
      .regex(/^[^*]+\*?$|^\*$/, "must be a model's name, or its beginning with a * at the end")
      .optional(),
  })
  .superRefine(({ header, value, model }, context) => {
    const problem = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
    if (header === undefined && model === undefined) problem([], "matches nothing: write header and value, or model");
    if (header !== undefined && model !== undefined)
      problem(["model"], "stands beside a header; write it as an entry of its own");
    if (header !== undefined && value === undefined)
      problem(["value"], "is required beside header; for one account per value write the header into subject");
    if (header === undefined && model !== undefined && value !== undefined)
      problem(["value"], "does not go with model; remove it");
  });

const window = z
  .strictObject({
    every: z.enum(["Minute", "Hour", "Day", "Week", "Month", "Year"]).optional(),
    timeZone: z
      .string()
      .refine(isTimeZone, {
        error: ({ input }) => `${JSON.stringify(input)} is not a time zone; write an IANA name such as Europe/Berlin`,
      })
      .optional(),
    rolling: durationMs
      .refine((length) => length >= shortestMs && length <= longestMs, "must lie between 1m and 8784h (366 days)")
      .optional(),
  })
  .superRefine(({ every, timeZone, rolling }, context) => {
    const problem = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
    if (every === undefined && rolling === undefined) problem([], "needs every, e.g. Day, or rolling, e.g. 24h");
    if (every !== undefined && rolling !== undefined) problem(["rolling"], "does not go with every; keep one of them");
    if (every === undefined && rolling !== undefined && timeZone !== undefined)
      problem(["timeZone"], "goes with every only: a rolling window begins at no hour of the day; remove it");
  });

const tier = z
  .strictObject({
    remainingBelowPercent: z.number().gt(0, "must be above 0").max(100),
    action: z.enum(["Downgrade", "Reject", "Queue"]),
    model: z
      .string()
      .regex(/^[^*]+$/, "must be the name of one model")
      .optional(),
    maxWaitSeconds: z.int().min(1).max(100).optional(),
  })
  .superRefine(({ action, model, maxWaitSeconds }, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (action === "Downgrade" && model === undefined)
      problem("model", "is required when action is Downgrade: the model to use instead");
    if (action !== "Downgrade" && model !== undefined)
      problem("model", `is only for action Downgrade, not ${action}; remove it`);
    if (action === "Queue" && maxWaitSeconds === undefined)
      problem("maxWaitSeconds", "is required when action is Queue: 1 to 100");
    if (action !== "Queue" && maxWaitSeconds !== undefined)
      problem("maxWaitSeconds", `is only for action Queue, not ${action}; remove it`);
  });

const tiers = z
  .array(tier)
  .max(16)
  .superRefine((written, context) => {
    const seen = new Map<number, number>();
    for (const [index, { remainingBelowPercent }] of written.entries()) {
      const earlier = seen.get(remainingBelowPercent);
      if (earlier === undefined) seen.set(remainingBelowPercent, index);
      else
        context.addIssue({
          code: "custom",
          path: [index, "remainingBelowPercent"],
          message: `is the threshold of tiers[${earlier}] too; keep one of them`,
        });
    }
  });

const spec = z
  .strictObject({
    targetRefs: z
      .array(target)
      .min(1, "names nothing; leave it out for every route of this namespace")
      .max(16)
      .optional(),
    subject: z.array(subject).max(16).optional(),
    match: z.array(match).max(16).optional(),
    limit: budgetLimit,
    window,
    enforcement: z.enum(["Hard", "Soft", "Shadow"]).optional(),
    estimate: z.enum(["UpperBound", "Learned"]).optional(),
    tiers: tiers.optional(),
    onStoreFailure: z.enum(["Allow", "Deny", "Lease"]).optional(),
    unknownPrice: z.enum(["Allow", "Deny", "WorstCase"]).optional(),
  })
  .superRefine(({ limit, enforcement = "Hard", estimate, unknownPrice }, context) => {
    if (enforcement === "Hard" && estimate === "Learned")
      context.addIssue({
        code: "custom",
        path: ["estimate"],
        message:
          "Learned does not go with enforcement Hard, which reserves the most that a request can cost so that it cannot be overspent; write UpperBound, or enforcement: Soft",
      });
    if (unknownPrice !== undefined && limit.unit.kind !== "USD")
      context.addIssue({
        code: "custom",
        path: ["unknownPrice"],
        message: "is only for limits in USD; remove it",
      });
  });

/** What may be spent on the requests of some routes, by whom, in which time (limits.md §3). */
export const budget = defineKind({
  group: tollgateGroup,
  versions: ["v1alpha1"],
  kind: "Budget",
  body: { spec },
});

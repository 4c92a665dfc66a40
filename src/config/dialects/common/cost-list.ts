import { z } from "zod";

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

/** Envoy reads the key in format strings (`%DYNAMIC_METADATA(namespace:key)%`), where other characters have a meaning: a limit would count nothing. */
const metadataKey = z
  .string()
  .min(1)
  .regex(/^[\w.-]*$/, "must be letters, digits, _, - and . only");

const cost = z
  .strictObject({ metadataKey, type: z.enum(costTypes), cel: z.string().min(1).optional() })
  .superRefine(({ type, cel }, context) => {
    if (type === "CEL" && cel === undefined)
      context.addIssue({ code: "custom", path: ["cel"], message: "is required when type is CEL: an expression" });
    if (type !== "CEL" && cel !== undefined)
      context.addIssue({
        code: "custom",
        path: ["cel"],
        message: `is only for type CEL, not ${type}; remove it or change the type`,
      });
  });

/** What is recorded of each request, and under which key (limits.md L3). */
export const costList = z
  .array(cost)
  .min(1)
  .max(36)
  .superRefine((costs, context) => {
    const seen = new Map<string, number>();
    for (const [index, { metadataKey }] of costs.entries()) {
      const earlier = seen.get(metadataKey);
      if (earlier === undefined) seen.set(metadataKey, index);
      else
        context.addIssue({
          code: "custom",
          path: [index, "metadataKey"],
          message: `${JSON.stringify(metadataKey)} is written by llmRequestCosts[${earlier}] already; keep one of them`,
        });
    }
  });

export type CostList = z.output<typeof costList>;

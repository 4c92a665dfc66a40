import { z } from "zod";
import { cidr } from "../../values/cidr.ts";
import { checkPattern } from "../../values/regular-expression.ts";

export const limitUnits = ["Second", "Minute", "Hour", "Day", "Week", "Month", "Year"] as const;
/** The only metadata namespace that costs are written to. */
const costNamespace = "io.envoy.ai_gateway";
/** Above this whole numbers are not exact, and Envoy refuses costs far earlier (limits.md L12). */
const mostCost = 1_000_000_000;

const header = z
  .strictObject({
    name: z.string().min(1),
    type: z.enum(["Exact", "RegularExpression", "Distinct"]).optional(),
    value: z.string().optional(),
    invert: z.boolean().optional(),
  })
  .superRefine(({ type = "Exact", value, invert }, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (type === "Distinct") {
      if (value !== undefined)
        problem("value", "does not go with type Distinct, which counts every value apart; remove it");
      if (invert === true) problem("invert", "does not go with type Distinct; remove it");
    } else if (value === undefined) {
      problem("value", `is required when type is ${type}; for one counter per value write type: Distinct`);
    } else if (type === "RegularExpression") checkPattern(value, context);
  });

const path = z
  .strictObject({
    type: z.enum(["Exact", "PathPrefix", "Prefix", "RegularExpression"]).optional(),
    value: z.string().min(1),
    invert: z.boolean().optional(),
  })
  .superRefine(({ type, value }, context) => {
    if (type === "RegularExpression") checkPattern(value, context);
  });

const method = z.strictObject({ value: z.string().min(1), invert: z.boolean().optional() });

const clientSelector = z
  .strictObject({
    headers: z.array(header).max(16).optional(),
    sourceCIDR: z.strictObject({ type: z.enum(["Exact", "Distinct"]).optional(), value: cidr }).optional(),
    methods: z.array(method).optional(),
    path: path.optional(),
  })
  .refine(
    ({ headers = [], sourceCIDR, methods = [], path }) =>
      headers.length > 0 || methods.length > 0 || sourceCIDR !== undefined || path !== undefined,
    "selects nothing: write headers, methods, path or sourceCIDR, or leave clientSelectors out to limit everybody together",
  );

/** Also of quotas. */
export const clientSelectors = z.array(clientSelector).max(8);

const cost = z
  .strictObject({
    from: z.enum(["Number", "Metadata"]),
    number: z.int().min(0).max(mostCost).optional(),
    metadata: z
      .strictObject({
        namespace: z.literal(costNamespace, `must be ${costNamespace}, where costs are written`),
        key: z.string().min(1),
      })
      .optional(),
  })
  .superRefine(({ from, number, metadata }, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: "custom", path: [path], message });
    if (from === "Number" && number === undefined) problem("number", "is required when from is Number");
    if (from === "Number" && metadata !== undefined)
      problem("metadata", "does not go with from: Number; remove it or write from: Metadata");
    if (from === "Metadata" && metadata === undefined) problem("metadata", "is required when from is Metadata");
    if (from === "Metadata" && number !== undefined)
      problem("number", "does not go with from: Metadata; remove it or write from: Number");
  });

const rule = z.strictObject({
  clientSelectors: clientSelectors.optional(),
  limit: z.strictObject({ requests: z.int().min(0), unit: z.enum(limitUnits) }),
  cost: z.strictObject({ request: cost.optional(), response: cost.optional() }).optional(),
  shadowMode: z.boolean().optional(),
  shared: z.boolean().optional(),
});

/** limits.md L10–L14. */
export const rateLimit = z.strictObject({
  type: z.literal("Global", "only Global limits are supported; write type: Global"),
  global: z.strictObject({ rules: z.array(rule).min(1).max(64) }),
});

export type RateLimitRule = z.output<typeof rule>;
export type RateLimitCost = z.output<typeof cost>;

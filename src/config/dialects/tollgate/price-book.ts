import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { instantMs } from "../../values/instant.ts";
import { nanoUsd } from "../../values/nano-usd.ts";
import { tollgateGroup } from "../common/groups.ts";
import { resourceName } from "../common/metadata.ts";
import { servedProvider } from "../common/provider.ts";

const perMillionTokens = z.strictObject({
  input: nanoUsd,
  output: nanoUsd,
  cacheRead: nanoUsd.optional(),
  cacheWrite: nanoUsd.optional(),
  cacheWrite1h: nanoUsd.optional(),
});

const longContext = z
  .array(z.strictObject({ inputTokensAbove: z.int().min(1), perMillionTokens }))
  .min(1)
  .max(8)
  .refine(
    (steps) => new Set(steps.map(({ inputTokensAbove }) => inputTokensAbove)).size === steps.length,
    "has two entries with the same inputTokensAbove; keep one of them",
  );

const tier = z.strictObject({ perMillionTokens, longContext: longContext.optional() });

const price = z
  .strictObject({
    models: z
      .array(z.string().regex(/^[^*]+\*?$|^\*$/, "must be a model's name, or its beginning with a * at the end"))
      .min(1),
    provider: servedProvider.optional(),
    backendRef: z.strictObject({ name: resourceName, namespace: resourceName.optional() }).optional(),
    from: instantMs.optional(),
    until: instantMs.optional(),
    perMillionTokens,
    longContext: longContext.optional(),
    tiers: z.strictObject({ flex: tier.optional(), priority: tier.optional(), batch: tier.optional() }).optional(),
  })
  .superRefine(({ provider, backendRef, from, until }, context) => {
    if (provider !== undefined && backendRef !== undefined)
      context.addIssue({
        code: "custom",
        path: ["provider"],
        message: "is known from the backend; remove provider or backendRef",
      });
    if (from !== undefined && until !== undefined && until <= from)
      context.addIssue({ code: "custom", path: ["until"], message: "must be later than from" });
  });

/** Prices of models for the backends of its namespace; they win over the list prices that come with Tollgate (limits.md L30). */
export const priceBook = defineKind({
  group: tollgateGroup,
  versions: ["v1alpha1"],
  kind: "PriceBook",
  body: { spec: z.strictObject({ prices: z.array(price).min(1) }) },
});

/** One of its entries. */
export type WrittenPrice = z.output<typeof price>;

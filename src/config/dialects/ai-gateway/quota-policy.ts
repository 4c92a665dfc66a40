import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { aiGatewayGroup } from "../common/groups.ts";
import { targetRef } from "../common/references.ts";
import { clientSelectors } from "../gateway-api/rate-limit.ts";

const units = { "1s": "Second", "1m": "Minute", "1h": "Hour", "1d": "Day" } as const;

const quotaValue = z.strictObject({
  limit: z.int().min(1),
  duration: z
    .enum(["1s", "1m", "1h", "1d"], 'must be "1s", "1m", "1h" or "1d": quotas count in whole units of time')
    .transform((duration) => units[duration]),
});

const costExpression = z.string().min(1).optional();

const bucketRule = z.strictObject({
  clientSelectors: clientSelectors.optional(),
  quota: quotaValue,
  shadowMode: z.boolean().optional(),
});

const perModelQuota = z.strictObject({
  modelName: z.string().min(1),
  quota: z
    .strictObject({
      costExpression,
      mode: z.literal("Shared", "only Shared is supported; write mode: Shared, or leave it out").optional(),
      defaultBucket: quotaValue.optional(),
      bucketRules: z.array(bucketRule).max(8).optional(),
    })
    .refine(
      ({ defaultBucket, bucketRules = [] }) => defaultBucket !== undefined || bucketRules.length > 0,
      "limits nothing: write a defaultBucket, bucketRules or both",
    ),
});

/** What the backends that it names may be asked for (resources.md §3). */
export const quotaPolicy = defineKind({
  group: aiGatewayGroup,
  versions: ["v1alpha1"],
  kind: "QuotaPolicy",
  body: {
    spec: z
      .strictObject({
        targetRefs: z
          .array(targetRef.omit({ sectionName: true }))
          .min(1)
          .max(16),
        serviceQuota: z.strictObject({ costExpression, quota: quotaValue }).optional(),
        perModelQuotas: z.array(perModelQuota).max(128).optional(),
      })
      .refine(
        ({ serviceQuota, perModelQuotas = [] }) => serviceQuota !== undefined || perModelQuotas.length > 0,
        "limits nothing: write a serviceQuota, perModelQuotas or both",
      ),
  },
});

export type QuotaValue = z.output<typeof quotaValue>;
export type BucketRule = z.output<typeof bucketRule>;

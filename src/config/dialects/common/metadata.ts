import { z } from "zod";

/** Names that Kubernetes accepts: DNS subdomains. */
export const resourceName = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
    "must be lower-case letters, digits, - and ., with a letter or digit at both ends",
  );

const strings = z.record(z.string(), z.string());

/** What a person writes and what an API server adds to it. */
export const metadata = z.strictObject({
  name: resourceName,
  namespace: resourceName.optional(),
  labels: strings.nullish(),
  annotations: strings.nullish(),
  creationTimestamp: z.string().nullish(),
  deletionGracePeriodSeconds: z.unknown().optional(),
  deletionTimestamp: z.unknown().optional(),
  finalizers: z.unknown().optional(),
  generateName: z.unknown().optional(),
  generation: z.unknown().optional(),
  managedFields: z.unknown().optional(),
  ownerReferences: z.unknown().optional(),
  resourceVersion: z.unknown().optional(),
  selfLink: z.unknown().optional(),
  uid: z.unknown().optional(),
});

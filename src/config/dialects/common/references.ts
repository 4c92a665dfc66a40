import { z } from "zod";
import { resourceName } from "./metadata.ts";

/** A Secret; `namespace` only where a grant or the stand-alone rules allow it. */
export const secretRef = z.strictObject({
  name: resourceName,
  namespace: resourceName.optional(),
  group: z.literal("").optional(),
  kind: z.literal("Secret").optional(),
});

/** One key of a Secret. */
export const secretKeyRef = z.strictObject({
  name: resourceName,
  namespace: resourceName.optional(),
  key: z.string().min(1).optional(),
});

/** What a policy is attached to. */
export const targetRef = z.strictObject({
  group: z.string(),
  kind: z.string().min(1),
  name: resourceName,
  namespace: resourceName.optional(),
  sectionName: z.string().min(1).optional(),
});

export type TargetRef = z.output<typeof targetRef>;

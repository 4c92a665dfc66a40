import { z } from "zod";

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be a header name");

/** Headers set and removed on the way to the provider. */
export const headerMutation = z.strictObject({
  set: z
    .array(z.strictObject({ name: headerName, value: z.string() }))
    .max(16)
    .optional(),
  remove: z.array(headerName).max(16).optional(),
});

/** Top-level JSON fields set and removed in the body; `value` is JSON text. */
export const bodyMutation = z.strictObject({
  set: z
    .array(z.strictObject({ path: z.string().min(1), value: z.string() }))
    .max(16)
    .optional(),
  remove: z.array(z.string().min(1)).max(16).optional(),
});

import { z } from "zod";
import { durationMs } from "../../values/duration.ts";

const triggers = [
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
] as const;

/** When and how often a request is sent again. */
export const retry = z.strictObject({
  numRetries: z.int().min(0).optional(),
  numAttemptsPerPriority: z.int().min(1).optional(),
  retryOn: z
    .strictObject({
      httpStatusCodes: z.array(z.int().min(100).max(599)).optional(),
      triggers: z.array(z.enum(triggers)).optional(),
    })
    .optional(),
  perRetry: z
    .strictObject({
      timeout: durationMs.optional(),
      backOff: z.strictObject({ baseInterval: durationMs.optional(), maxInterval: durationMs.optional() }).optional(),
    })
    .optional(),
});

export type Retry = z.output<typeof retry>;

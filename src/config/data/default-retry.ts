import type { RetryPolicy } from "../../core/runtime-config.ts";

/** Retries of a rule that no policy speaks of (resources.md §3): one attempt per priority. Words are Envoy's `retry_on`. */
export const defaultRetry: RetryPolicy = {
  attemptsPerPriority: 1,
  maxRetries: undefined,
  statusCodes: [429, 500, 502, 503, 504, 529],
  // `reset` includes the per-try time-out
  triggers: ["connect-failure", "refused-stream", "reset", "retriable-status-codes"],
  baseIntervalMs: 25,
  maxIntervalMs: 250,
};

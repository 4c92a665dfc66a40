import type { RetryPolicy } from "../../core/runtime-config.ts";
import type { Retry } from "../dialects/gateway-api/retry.ts";

const statusCodesTrigger = "retriable-status-codes";

/** What was written over `defaults`; a `retryOn` replaces its conditions as a whole. */
export function compileRetry(written: Retry | undefined, defaults: RetryPolicy): RetryPolicy {
  if (written === undefined) return defaults;
  const { numRetries = 2, numAttemptsPerPriority, retryOn, perRetry } = written;
  const statusCodes = retryOn === undefined ? defaults.statusCodes : (retryOn.httpStatusCodes ?? []);
  const triggers = retryOn === undefined ? defaults.triggers : (retryOn.triggers ?? []);
  return {
    attemptsPerPriority: numAttemptsPerPriority ?? defaults.attemptsPerPriority,
    maxRetries: numRetries,
    statusCodes,
    triggers: statusCodes.length > 0 ? [...new Set([...triggers, statusCodesTrigger])] : triggers,
    baseIntervalMs: perRetry?.backOff?.baseInterval ?? defaults.baseIntervalMs,
    maxIntervalMs: perRetry?.backOff?.maxInterval ?? defaults.maxIntervalMs,
  };
}

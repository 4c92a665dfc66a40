import type { LimitUnit } from "../core/runtime-config.ts";
import type { LimitItem, LimitVerdict } from "./limiter.ts";
import type { DescriptorStatus, RateLimitDescriptor, RateLimitRequest } from "./messages.ts";

const units: Readonly<Record<string, LimitUnit>> = {
  SECOND: "Second",
  MINUTE: "Minute",
  HOUR: "Hour",
  DAY: "Day",
  WEEK: "Week",
  MONTH: "Month",
  YEAR: "Year",
};

/** How much a descriptor adds (limits.md L13). */
export function hitsOf(descriptor: RateLimitDescriptor, request: RateLimitRequest): number {
  // an explicit 0 is a wrapper without a value; no wrapper at all means the request's addend, and that 0 means 1
  const addend = descriptor.hits_addend === undefined ? request.hits_addend || 1 : (descriptor.hits_addend.value ?? 0);
  return descriptor.is_negative_hits === true ? -addend : addend;
}

/** The limit that Envoy sends along, instead of the configured one. */
export function overrideOf(descriptor: RateLimitDescriptor): LimitItem["override"] {
  const unit = units[descriptor.limit?.unit ?? ""];
  return unit === undefined ? undefined : { limit: descriptor.limit?.requests_per_unit ?? 0, unit };
}

/** A verdict as Envoy reads it (limits.md L16). */
export function statusOf(verdict: LimitVerdict, nowMs: number): DescriptorStatus {
  const untilResetMs = Math.max(0, verdict.resetsAtMs - nowMs);
  return {
    code: verdict.refused ? "OVER_LIMIT" : "OK",
    current_limit: {
      name: verdict.item.rule.label,
      requests_per_unit: verdict.limit,
      unit: verdict.unit.toUpperCase(),
    },
    limit_remaining: Math.max(0, verdict.limit - verdict.used),
    duration_until_reset: {
      seconds: Math.floor(untilResetMs / 1_000),
      nanos: (Math.floor(untilResetMs) % 1_000) * 1_000_000,
    },
  };
}

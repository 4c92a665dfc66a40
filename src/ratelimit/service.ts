import { refusedByHeader } from "../core/headers.ts";
import type { LimitRule, LimitUnit } from "../core/runtime-config.ts";
import type { Codec, UnaryMethod } from "../grpc/server.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Limiter, LimitItem, LimitVerdict } from "./limiter.ts";
import type { DescriptorStatus, RateLimitDescriptor, RateLimitRequest, RateLimitResponse } from "./messages.ts";
import { refusalBody, retryAfterSeconds } from "./refusal.ts";

export const rateLimitPath = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

export interface RateLimitServiceOptions {
  readonly limiter: Pick<Limiter, "apply">;
  /** Rules of the configuration in force, and of earlier ones whose sessions have not ended. */
  readonly findRule: (id: string) => LimitRule | undefined;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  readonly codec: Codec<RateLimitRequest, RateLimitResponse>;
}

const units: Readonly<Record<string, LimitUnit>> = {
  SECOND: "Second",
  MINUTE: "Minute",
  HOUR: "Hour",
  DAY: "Day",
  WEEK: "Week",
  MONTH: "Month",
  YEAR: "Year",
};

function entry(descriptor: RateLimitDescriptor, key: string): string | undefined {
  return descriptor.entries?.find((candidate) => candidate.key === key)?.value;
}

function hits(descriptor: RateLimitDescriptor, request: RateLimitRequest): number {
  // an explicit 0 is a wrapper without a value; no wrapper at all means the request's addend, and that 0 means 1
  const addend = descriptor.hits_addend === undefined ? request.hits_addend || 1 : (descriptor.hits_addend.value ?? 0);
  return descriptor.is_negative_hits === true ? -addend : addend;
}

function override(descriptor: RateLimitDescriptor): LimitItem["override"] {
  const unit = units[descriptor.limit?.unit ?? ""];
  return unit === undefined ? undefined : { limit: descriptor.limit?.requests_per_unit ?? 0, unit };
}

function status(verdict: LimitVerdict, nowMs: number): DescriptorStatus {
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

/** Envoy's RateLimitService over the limiter: descriptors of `rule`, `account` and, for charges, `phase=charge` (limits.md L10–L16). */
export function rateLimitService(options: RateLimitServiceOptions): UnaryMethod<RateLimitRequest, RateLimitResponse> {
  const { limiter, findRule, metrics, nowMs } = options;
  const handle = async (request: RateLimitRequest): Promise<RateLimitResponse> => {
    const descriptors = request.descriptors ?? [];
    const items = descriptors.map((descriptor): LimitItem | undefined => {
      const rule = findRule(entry(descriptor, "rule") ?? "");
      const account = entry(descriptor, "account");
      if (rule === undefined || account === undefined) {
        metrics.increment("unknown_limit_total");
        return undefined;
      }
      const charge = entry(descriptor, "phase") === "charge";
      return { rule, account, add: hits(descriptor, request), charge, override: override(descriptor) };
    });
    const verdicts = await limiter.apply(items.filter((item) => item !== undefined));
    const byItem = new Map(verdicts.map((verdict) => [verdict.item, verdict]));
    const now = nowMs();
    const statuses = items.map((item): DescriptorStatus => {
      const verdict = item && byItem.get(item);
      return verdict === undefined ? { code: "OK" } : status(verdict, now);
    });
    for (const { refused, item } of verdicts) if (refused) metrics.increment("refusals_total", { rule: item.rule.id });
    // the one that resets last: coming back earlier would be in vain
    const refused = verdicts.filter((verdict) => verdict.refused).sort((a, b) => b.resetsAtMs - a.resetsAtMs)[0];
    if (refused === undefined) return { overall_code: "OK", statuses };
    // on refusal only: on an OK answer these headers would leak into the 200
    return {
      overall_code: "OVER_LIMIT",
      statuses,
      response_headers_to_add: [
        { key: "content-type", value: "application/json" },
        { key: "retry-after", value: String(refused.storeAway ? 1 : retryAfterSeconds(refused, now)) },
        // for the router's exchange, which takes it away
        { key: refusedByHeader, value: refused.item.rule.label },
      ],
      raw_body: refusalBody(refused, now),
    };
  };
  return { kind: "unary", path: rateLimitPath, codec: options.codec, handle };
}

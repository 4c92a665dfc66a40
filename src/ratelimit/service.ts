import { refusedByHeader } from "../core/headers.ts";
import type { FailureMode, LimitRule } from "../core/runtime-config.ts";
import type { Codec, UnaryMethod } from "../grpc/server.ts";
import type { Metrics } from "../observe/metrics.ts";
import { hitsOf, overrideOf, statusOf } from "./descriptors.ts";
import type { Limiter, LimitItem } from "./limiter.ts";
import type { DescriptorStatus, RateLimitDescriptor, RateLimitRequest, RateLimitResponse } from "./messages.ts";
import { refusalBody, retryAfterSeconds } from "./refusal.ts";
import { answerStandard } from "./standard/answer.ts";
import { MetricNames } from "./standard/metric-names.ts";
import type { StandardLimits } from "./standard/tree.ts";

export const rateLimitPath = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

export interface RateLimitServiceOptions {
  readonly limiter: Pick<Limiter, "apply">;
  /** Rules of the configuration in force, and of earlier ones whose sessions have not ended. */
  readonly findRule: (id: string) => LimitRule | undefined;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  readonly codec: Codec<RateLimitRequest, RateLimitResponse>;
  /** Limits of the standard rate-limit service that are served too, and what holds for them while the store is away. */
  readonly standard?: { readonly limits: StandardLimits; readonly failureMode: () => FailureMode } | undefined;
}

function entry(descriptor: RateLimitDescriptor, key: string): string | undefined {
  return descriptor.entries?.find((candidate) => candidate.key === key)?.value;
}

/**
 * Envoy's RateLimitService over the limiter: descriptors of `rule`, `account` and, for charges, `phase=charge` (limits.md L10–L16);
 * in domains of the standard service's configuration, whatever these describe (L17).
 */
export function rateLimitService(options: RateLimitServiceOptions): UnaryMethod<RateLimitRequest, RateLimitResponse> {
  const { limiter, findRule, metrics, nowMs, standard } = options;
  const names = new MetricNames();
  const handle = async (request: RateLimitRequest): Promise<RateLimitResponse> => {
    const { domain = "", descriptors = [] } = request;
    const root = standard?.limits.get(domain);
    if (standard !== undefined && root !== undefined)
      return await answerStandard(domain, root, request, { ...options, names, failureMode: standard.failureMode() });
    const items = descriptors.map((descriptor): LimitItem | undefined => {
      const rule = findRule(entry(descriptor, "rule") ?? "");
      const account = entry(descriptor, "account");
      if (rule === undefined || account === undefined) {
        metrics.increment("unknown_limit_total");
        return undefined;
      }
      const charge = entry(descriptor, "phase") === "charge";
      return { rule, account, add: hitsOf(descriptor, request), charge, override: overrideOf(descriptor) };
    });
    const verdicts = await limiter.apply(items.filter((item) => item !== undefined));
    const byItem = new Map(verdicts.map((verdict) => [verdict.item, verdict]));
    const now = nowMs();
    const statuses = items.map((item): DescriptorStatus => {
      const verdict = item && byItem.get(item);
      return verdict === undefined ? { code: "OK" } : statusOf(verdict, now);
    });
    for (const { item, overLimit } of verdicts)
      if (overLimit && item.rule.shadowMode && !item.charge)
        metrics.increment("shadow_refusals_total", { rule: item.rule.id });
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

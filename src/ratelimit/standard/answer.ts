import type { FailureMode, LimitRule } from "../../core/runtime-config.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { encodeAccount } from "../account.ts";
import { hitsOf, overrideOf, statusOf } from "../descriptors.ts";
import type { Limiter, LimitItem, LimitVerdict } from "../limiter.ts";
import type { DescriptorStatus, RateLimitDescriptor, RateLimitRequest, RateLimitResponse } from "../messages.ts";
import { type DescriptorEntry, type FoundLimit, findLimit } from "./find-limit.ts";
import type { MetricNames } from "./metric-names.ts";
import type { StandardLimit, StandardNode } from "./tree.ts";

/** The largest `limit_remaining` there is. */
const most = 0xffff_ffff;

export interface StandardSurroundings {
  readonly limiter: Pick<Limiter, "apply">;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  readonly failureMode: FailureMode;
  readonly names: MetricNames;
}

interface Looked {
  readonly descriptor: RateLimitDescriptor;
  readonly found: FoundLimit | undefined;
}

const overridden: StandardLimit = {
  requestsPerUnit: 0,
  unit: "Hour",
  unlimited: false,
  name: "",
  replaces: [],
  shadowMode: false,
  detailedMetric: false,
};

function entriesOf(descriptor: RateLimitDescriptor): readonly DescriptorEntry[] {
  return (descriptor.entries ?? []).map(({ key = "", value = "" }) => ({ key, value }));
}

/** A limit that Envoy sends along needs no entry in the tree, and is never in shadow mode. */
function look(domain: string, root: StandardNode, descriptor: RateLimitDescriptor): Looked {
  const entries = entriesOf(descriptor);
  if (overrideOf(descriptor) === undefined) return { descriptor, found: findLimit(domain, root, entries) };
  const counted = entries.flatMap(({ key, value }) => [key, value]);
  const metricKey = [domain, ...entries.map(({ key }) => key)].join(".");
  return { descriptor, found: { limit: overridden, counted, metricKey } };
}

function ruleOf(domain: string, limit: StandardLimit, failureMode: FailureMode): LimitRule {
  return {
    // counters belong to descriptors, not to places in the tree: an edited tree keeps what was used
    id: `domain:${domain}`,
    policyId: `domain:${domain}`,
    label: limit.name,
    selectors: [],
    limit: limit.requestsPerUnit,
    unit: limit.unit,
    timeZone: "UTC",
    requestCost: { from: "Number", number: 1 },
    responseCost: undefined,
    shadowMode: limit.shadowMode,
    failureMode,
  };
}

function tell(metrics: Metrics, descriptor: string, { item, limit, used, storeAway }: LimitVerdict): void {
  if (storeAway || item.add <= 0) return;
  const over = Math.min(item.add, Math.max(0, used - limit));
  const outcome = over === 0 ? "within_limit" : item.rule.shadowMode ? "shadow_mode" : "over_limit";
  metrics.increment("descriptor_hits_total", { descriptor, outcome }, over === 0 ? item.add : over);
}

/**
 * Answers as the standard rate-limit service does (limits.md L17): every descriptor that has a limit counts, whatever becomes of
 * the call; one over its limit refuses it; a descriptor without a limit is OK; a refusal has no body and no headers of its own.
 */
export async function answerStandard(
  domain: string,
  root: StandardNode,
  request: RateLimitRequest,
  { limiter, metrics, nowMs, failureMode, names }: StandardSurroundings,
): Promise<RateLimitResponse> {
  const looked = (request.descriptors ?? []).map((descriptor) => look(domain, root, descriptor));
  const replaced = new Set(looked.flatMap(({ found }) => found?.limit.replaces ?? []));
  const items = looked.map(({ descriptor, found }): LimitItem | undefined => {
    if (found === undefined || found.limit.unlimited || replaced.has(found.limit.name)) return undefined;
    return {
      rule: ruleOf(domain, found.limit, failureMode),
      account: encodeAccount(found.counted),
      add: hitsOf(descriptor, request),
      charge: false,
      override: overrideOf(descriptor),
      standard: true,
    };
  });
  const verdicts = await limiter.apply(items.filter((item) => item !== undefined));
  const byItem = new Map(verdicts.map((verdict) => [verdict.item, verdict]));
  const now = nowMs();
  const statuses = looked.map(({ found }, index): DescriptorStatus => {
    const item = items[index];
    const verdict = item && byItem.get(item);
    if (verdict === undefined)
      return found?.limit.unlimited === true ? { code: "OK", limit_remaining: most } : { code: "OK" };
    tell(metrics, names.take(found?.metricKey ?? domain), verdict);
    return statusOf(verdict, now);
  });
  return { overall_code: statuses.some(({ code }) => code === "OVER_LIMIT") ? "OVER_LIMIT" : "OK", statuses };
}

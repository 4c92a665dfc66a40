import type { LimitRule, Quota } from "../core/runtime-config.ts";
import { type LimitView, matchLimits } from "./match-limits.ts";

/** A bucket that a request fills, and whom it counts. */
export interface AppliedQuota {
  readonly quota: Quota;
  readonly bucket: LimitRule;
  /** See ratelimit/account.ts. */
  readonly account: string;
}

/**
 * The buckets that a request fills when it is sent to a backend with these quotas as `upstreamModel` (resources.md §3). Of a
 * quota's buckets the first one counts whose selectors all apply; one in shadow mode counts too, and stands in nobody's place.
 * @throws GatewayError `invalid_header` when a header that names an account is repeated
 */
export function matchQuotas(quotas: readonly Quota[], upstreamModel: string, view: LimitView): readonly AppliedQuota[] {
  return quotas
    .filter(({ model }) => model === undefined || model === upstreamModel)
    .flatMap((quota) => {
      const { applied } = matchLimits(quota.buckets, view);
      const enforced = applied.findIndex(({ rule }) => !rule.shadowMode);
      const filled = enforced < 0 ? applied : applied.slice(0, enforced + 1);
      return filled.map(({ rule, account }) => ({ quota, bucket: rule, account }));
    });
}

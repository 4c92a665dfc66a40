import type { QuotaCounters } from "../extproc/tools.ts";
import type { Limiter } from "../ratelimit/limiter.ts";

export interface WiredQuotaCounters extends QuotaCounters {
  /** Resolves when every charge that was made is counted, or kept for later. */
  drained(): Promise<void>;
}

/** Quotas count as rate limits do: in the same store, with the same failure modes (limits.md L18, L19). */
export function makeQuotaCounters(limiter: Pick<Limiter, "apply">): WiredQuotaCounters {
  const charging = new Set<Promise<unknown>>();
  return {
    check: (items) => limiter.apply(items),
    charge: (items) => {
      const charge = limiter.apply(items).finally(() => charging.delete(charge));
      charging.add(charge);
    },
    drained: async () => {
      await Promise.all(charging);
    },
  };
}

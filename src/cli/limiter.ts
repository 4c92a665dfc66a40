import { randomUUID } from "node:crypto";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import { ChargeJournal } from "../ratelimit/journal.ts";
import { Limiter } from "../ratelimit/limiter.ts";
import { LocalCounters } from "../ratelimit/local-counters.ts";
import { makeStore } from "../ratelimit/stores/index.ts";

const maxJournalCalls = 100_000;
const maxLocalKeys = 100_000;

/** Wires the limiter to its store, and to what counts while the store is away. */
export function makeLimiter(
  config: RuntimeConfig,
  storeUrl: string,
  logger: Logger,
  metrics: Metrics,
): Limiter & { close(): Promise<void> } {
  const store = makeStore(storeUrl, {
    timeoutMs: config.settings.store.timeoutMs,
    nowMs: Date.now,
    onState: (state, reason) => {
      if (state === "lost")
        logger.warn({ store: reason }, "the rate-limit store is away; each policy's failure mode applies");
      else {
        logger.info({ store: reason }, "the rate-limit store is connected");
        void limiter.recover();
      }
    },
  });
  const limiter: Limiter = new Limiter({
    store,
    journal: new ChargeJournal(maxJournalCalls, () => metrics.increment("journal_dropped_total")),
    local: new LocalCounters(maxLocalKeys, Date.now),
    nowMs: Date.now,
    newId: randomUUID,
    metrics,
  });
  return Object.assign(limiter, { close: () => store.close() });
}

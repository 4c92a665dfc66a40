import { randomUUID } from "node:crypto";
import type { FailureMode, RuntimeConfig } from "../core/runtime-config.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import { ChargeJournal } from "../ratelimit/journal.ts";
import { Limiter } from "../ratelimit/limiter.ts";
import { LocalCounters } from "../ratelimit/local-counters.ts";
import { makeStore } from "../ratelimit/stores/index.ts";

const maxJournalCalls = 100_000;
const maxLocalKeys = 100_000;
/** A store may be slow at first when it is back, and nobody may call just then. */
const recoverEveryMs = 1_000;

type Modes = ReadonlyMap<FailureMode, readonly string[]>;

/** The limits of each failure mode that there are, by their labels. */
function modesOf(config: RuntimeConfig, domains: readonly string[]): Modes {
  const modes = new Map<FailureMode, string[]>();
  const add = (mode: FailureMode, label: string): void => void modes.set(mode, [...(modes.get(mode) ?? []), label]);
  for (const { failureMode, label, shadowMode } of config.limits.values()) if (!shadowMode) add(failureMode, label);
  for (const { buckets } of [...config.quotas.values()].flat())
    for (const { failureMode, label, shadowMode } of buckets) if (!shadowMode) add(failureMode, label);
  for (const domain of domains) add(config.settings.store.failureMode, `domain ${domain}`);
  return modes;
}

const consequences: Readonly<Record<FailureMode, string>> = {
  local: "count in this process until it is back",
  allow: "let everything pass until it is back",
  deny: "refuse requests until it is back",
};

/** What the store's absence means for the limits there are. */
function whileAway(modes: Modes): string {
  const parts = [...modes].map(
    ([mode, labels]) => `${modes.size === 1 ? "limits" : labels.join(", ")} ${consequences[mode]}`,
  );
  return parts.length === 0 ? "there is no limit that needs it" : parts.join("; ");
}

export interface LimiterSurroundings {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Told, in words for the operator, when the store is lost and found. */
  readonly changed: ((message: string) => void) | undefined;
  /** Domains of the standard rate-limit service's configuration that are served too. */
  readonly domains: readonly string[];
}

export interface WiredLimiter extends Limiter {
  /** Why limits refuse requests though nothing is used up: the store is away and they say `deny` then; undefined = they work. */
  notReady(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Wires the limiter to its store, and to what counts while the store is away. `config`: the one in force. */
export function makeLimiter(
  config: () => RuntimeConfig,
  storeUrl: string,
  { logger, metrics, changed, domains }: LimiterSurroundings,
): WiredLimiter {
  let wasLost = false;
  const modes = (): Modes => modesOf(config(), domains);
  const store = makeStore(storeUrl, {
    timeoutMs: config().settings.store.timeoutMs,
    nowMs: Date.now,
    onState: (state, reason) => {
      if (state === "lost") {
        wasLost = true;
        logger.warn({ store: reason }, "the rate-limit store is away; each policy's failure mode applies");
        changed?.(
          `warning: the rate-limit store is away (${reason})\n  ${whileAway(modes())}; it is tried again all the time`,
        );
      } else {
        logger.info({ store: reason }, "the rate-limit store is connected");
        if (wasLost)
          changed?.(`the rate-limit store is connected (${reason}); what was counted meanwhile is added to it`);
        void limiter.recover();
      }
    },
  });
  const journal = new ChargeJournal(maxJournalCalls, () => metrics.increment("journal_dropped_total"));
  const limiter: Limiter = new Limiter({
    store,
    journal,
    local: new LocalCounters(maxLocalKeys, Date.now),
    nowMs: Date.now,
    newId: randomUUID,
    metrics,
  });
  const recovery = setInterval(() => {
    if (journal.size > 0) void limiter.recover();
  }, recoverEveryMs).unref();
  return Object.assign(limiter, {
    notReady: async () => {
      const denying = modes().get("deny");
      if (denying === undefined) return undefined;
      try {
        await store.apply({ id: randomUUID(), operations: [] });
        return undefined;
      } catch (error) {
        return `the rate-limit store is away (${(error as Error).message}), and limits that say deny then refuse requests: ${denying.join(", ")}`;
      }
    },
    close: () => {
      clearInterval(recovery);
      return store.close();
    },
  });
}

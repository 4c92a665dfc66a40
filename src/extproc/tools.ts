import type { Holds } from "../budgets/holds.ts";
import type { LearnedAmounts } from "../budgets/learned-amounts.ts";
import type { StickyTiers } from "../budgets/tiers.ts";
import type { WaitingLines } from "../budgets/waiting-lines.ts";
import type { ClientRequest, Endpoint, ModelsPage } from "../core/endpoint.ts";
import type { Ledger } from "../core/request-record.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { LimitItem, LimitVerdict } from "../ratelimit/limiter.ts";
import type { AttemptTools } from "./attempt.ts";
import type { Sessions } from "./sessions.ts";

/** Everything the exchanges are given; made by the composition root. */
export interface ExchangeTools extends AttemptTools {
  /**
   * The configuration for a new request: the one whose routes Envoy holds for it, if Envoy names one that is known here
   * (`xds.route_name`), else the one in force.
   */
  readonly config: (version: string | undefined) => RuntimeConfig;
  /** What Envoy calls the cluster of a backend. */
  readonly clusterName: (config: RuntimeConfig, backendId: string) => string;
  readonly endpoints: readonly Endpoint[];
  readonly modelsPages: readonly ModelsPage[];
  /** In [0, 1). */
  readonly random: () => number;
  /** 128 random bits, hex. */
  readonly newSessionId: () => string;
  readonly sessions: Sessions;
  /** What budgets need of this process. */
  readonly budgets: BudgetTools;
  readonly quotas: QuotaCounters;
  readonly ledger: Pick<Ledger, "append">;
  readonly inputTokens: InputTokenCounter;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface BudgetTools {
  readonly holds: Holds;
  readonly sticky: StickyTiers;
  readonly lines: WaitingLines;
  readonly learned: LearnedAmounts;
}

/** Where the quotas of backends are counted. */
export interface QuotaCounters {
  /** How they stand; nothing is added. Never rejects. */
  check(items: readonly LimitItem[]): Promise<readonly LimitVerdict[]>;
  /** Adds after the fact: never refused, and once, whatever the store does meanwhile. */
  charge(items: readonly LimitItem[]): void;
}

/** Counts what a request will be billed as input; `provider` and `model` as upstream knows them. */
export interface InputTokenCounter {
  bound(request: ClientRequest, provider: string, model: string): Promise<{ readonly most: number }>;
  /** A provider told what a request of so many bytes came to. */
  settled(provider: string, model: string, requestBytes: number, inputTokens: number): void;
}

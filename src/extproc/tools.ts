import type { Endpoint } from "../core/endpoint.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { AttemptTools } from "./attempt.ts";
import type { Sessions } from "./sessions.ts";

/** Everything the exchanges are given; made by the composition root. */
export interface ExchangeTools extends AttemptTools {
  readonly config: () => RuntimeConfig;
  readonly endpoints: readonly Endpoint[];
  /** In [0, 1). */
  readonly random: () => number;
  /** 128 random bits, hex. */
  readonly newSessionId: () => string;
  readonly sessions: Sessions;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

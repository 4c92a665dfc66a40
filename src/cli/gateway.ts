import type { ResourceApi } from "../admin/kube/resource-api.ts";
import { type AdminServer, startAdminServer } from "../admin/server.ts";
import type { Secret } from "../core/auth.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { attemptLogService } from "../extproc/attempt-log.ts";
import { attemptLogCodec } from "../extproc/attempt-log-codec.ts";
import { extProcCodec } from "../extproc/codec.ts";
import { extProcService } from "../extproc/service.ts";
import type { Listening } from "../grpc/server.ts";
import type { Logger } from "../observe/logger.ts";
import { Metrics } from "../observe/metrics.ts";
import { rateLimitCodec } from "../ratelimit/codec.ts";
import { rateLimitService } from "../ratelimit/service.ts";
import type { StandardLimits } from "../ratelimit/standard/tree.ts";
import { type LiveBudgets, openBudgets } from "./budget-tools.ts";
import type { EnvoyFeed } from "./envoy-feed.ts";
import { makeInputTokens, preloadVocabularies } from "./input-tokens.ts";
import { openLedgers } from "./ledger.ts";
import { makeLimiter } from "./limiter.ts";
import { LiveConfiguration } from "./live-configuration.ts";
import { makeQuotaCounters } from "./quota-counters.ts";
import { makeExchangeTools } from "./request-tools.ts";
import { makeGrpcServer, type Transport } from "./transport.ts";

/** The largest gRPC message: a whole buffered body and its envelope. */
const envelopeBytes = 1024 * 1024;
const drainMs = 5_000;

export interface GatewayOptions {
  readonly config: RuntimeConfig;
  /** `unix:/path` or `host:port`. */
  readonly grpcAddress: string;
  readonly transport: Transport;
  readonly admin: {
    readonly address: string;
    readonly port: number;
    readonly token: Secret;
    readonly resourceApi?: ResourceApi | undefined;
  };
  readonly storeUrl: string;
  /** Of this process alone: what budgets have spent and the ledger of requests are kept in it. Undefined = nothing is kept on disk. */
  readonly stateDir?: string | undefined;
  /** Limits of the standard rate-limit service that are served too. */
  readonly standardLimits?: StandardLimits | undefined;
  readonly logger: Logger;
  /** Why somebody else who is needed cannot serve now, such as Envoy, for `/ready`; undefined = nobody is missing. */
  readonly othersNotReady?: () => Promise<string | undefined>;
  /** Told, in words for the operator, when the rate-limit store is lost and found. */
  readonly storeChanged?: (message: string) => void;
  /** Feeds the Envoy that is ours; undefined = somebody else configures Envoy. */
  readonly feed?: EnvoyFeed | undefined;
}

export interface Gateway {
  readonly adminPort: number;
  readonly metrics: Metrics;
  readonly sessions: { readonly size: number };
  /** The configuration in force, and how to change it. */
  readonly live: LiveConfiguration;
  /** What an operator should know of the budgets in force. */
  budgetRemarks(): readonly string[];
  close(): Promise<void>;
}

/** Starts the gRPC services and the admin port. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, logger, feed } = options;
  const { storeUrl, stateDir: directory, storeChanged: told } = options;
  const metrics = new Metrics();
  const inputTokens = makeInputTokens(logger);
  await preloadVocabularies(inputTokens, config);
  const live: LiveConfiguration = new LiveConfiguration({
    config,
    nowMs: Date.now,
    inUse: () => tools.sessions.configs(),
    prepare: (next) => preloadVocabularies(inputTokens, next),
    envoy: feed,
  });
  const budgetConfig: LiveBudgets = {
    budgets: () => live.current.budgets,
    findBudget: (id) => live.findBudget(id),
    timeoutMs: config.settings.store.timeoutMs,
  };
  const ledgers = await openLedgers({ storeUrl, directory, logger, metrics, told });
  const budgets = await openBudgets({ config: budgetConfig, storeUrl, directory, ledgers, logger, metrics, told });
  for (const remark of budgets.remarks()) told?.(remark);
  const limiter = makeLimiter(() => live.current, storeUrl, {
    logger,
    metrics,
    changed: told,
    domains: [...(options.standardLimits?.keys() ?? [])],
  });
  const quotas = makeQuotaCounters(limiter);
  const tools = makeExchangeTools({
    config: (version) => live.of(version),
    clusterName: (known, backendId) => feed?.clusterName(known, backendId) ?? backendId,
    logger,
    metrics,
    budgets: budgets.tools,
    ledger: ledgers,
    quotas,
    inputTokens,
  });
  const server = makeGrpcServer(options.transport, {
    maxMessageBytes: config.settings.listener.bufferLimitBytes + envelopeBytes,
    onError: (error, path) => logger.error({ err: error, path }, "a gRPC handler failed"),
  });
  let listening: Listening;
  try {
    listening = await server.serve(options.grpcAddress, [
      extProcService(tools, extProcCodec()),
      attemptLogService(tools.sessions, attemptLogCodec),
      rateLimitService({
        limiter,
        findRule: (id) => live.findLimit(id),
        metrics,
        nowMs: Date.now,
        codec: rateLimitCodec(),
        standard: options.standardLimits && {
          limits: options.standardLimits,
          failureMode: () => live.current.settings.store.failureMode,
        },
      }),
      ...(feed === undefined ? [] : [feed.service()]),
    ]);
  } catch (error) {
    await limiter.close();
    await budgets.close();
    await ledgers.close();
    throw error;
  }
  const sweeper = setInterval(() => {
    tools.sessions.sweep();
    live.tend();
    metrics.set("sessions", tools.sessions.size);
  }, 1_000);
  const stop = async (): Promise<void> => {
    clearInterval(sweeper);
    await listening.close(drainMs);
    await tools.sessions.flush();
    await quotas.drained();
    await limiter.close();
    await budgets.close();
    await ledgers.close();
  };
  let admin: AdminServer;
  try {
    const notReady = async () =>
      (await limiter.notReady()) ?? (await budgets.notReady()) ?? (await options.othersNotReady?.());
    admin = await startAdminServer({
      ...options.admin,
      metrics,
      notReady,
      sources: {
        budgets: () => live.current.budgets,
        accountsOf: (budgetId) => budgets.tools.holds.accountsOf(budgetId),
        read: budgets.read,
        ledger: ledgers.shared,
        prices: () => live.current.prices,
      },
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    adminPort: admin.port,
    metrics,
    sessions: tools.sessions,
    live,
    budgetRemarks: () => budgets.remarks(),
    close: async () => {
      await admin.close();
      await stop();
    },
  };
}

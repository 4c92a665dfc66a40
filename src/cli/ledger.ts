import { join } from "node:path";
import type { LedgerEvents } from "../budgets/ledger/ledger-events.ts";
import { FileLedger } from "../budgets/ledger/stores/file-ledger.ts";
import { MemoryLedger } from "../budgets/ledger/stores/memory-ledger.ts";
import { RedisLedger } from "../budgets/ledger/stores/redis-ledger.ts";
import type { Ledger } from "../core/request-record.ts";
import { connectStore } from "../lib/stores/redis-client.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";

const memoryEntries = 10_000;
const redisEntries = 1_000_000;
const redisTimeoutMs = 1_000;
const redisFindForMs = 7 * 86_400_000;
const segmentBytes = 16 * 1024 * 1024;
const maxSegments = 16;
const maxFound = 100_000;
/** Receipts of so long are lost when this process is killed; a write for each costs five to ten times as much. */
const ledgerGatherMs = 20;

export interface LedgerSurroundings {
  readonly storeUrl: string;
  /** Of this process alone; undefined = nothing is kept on disk. */
  readonly directory: string | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Told, in words for the operator, that entries are lost. */
  readonly told: ((message: string) => void) | undefined;
}

export interface OpenLedgers {
  /** Where requests are looked up: shared by all gateways on Redis, else this one's. */
  readonly shared: Ledger;
  /** This gateway's own entries, if they survive its end. */
  readonly own: Ledger | undefined;
  append: Ledger["append"];
  close(): Promise<void>;
}

/** Opens the ledgers: on disk where there is a directory, in Redis where that is the store, else in memory. @throws Error of the file system */
export async function openLedgers(surroundings: LedgerSurroundings): Promise<OpenLedgers> {
  const { storeUrl, directory, logger, metrics, told } = surroundings;
  const events: LedgerEvents = {
    dropped: () => metrics.increment("ledger_dropped_total"),
    skipped: () => metrics.increment("ledger_skipped_total"),
    failed: (message) => {
      logger.error({ ledger: message }, "receipts are lost");
      told?.(`warning: receipts are lost: ${message}`);
    },
  };
  const own =
    directory === undefined
      ? undefined
      : await FileLedger.open({
          directory: join(directory, "ledger"),
          segmentBytes,
          maxSegments,
          sync: "never",
          gatherMs: ledgerGatherMs,
          maxFound,
          events,
        });
  if (storeUrl.startsWith("memory:")) {
    const shared = own ?? new MemoryLedger(memoryEntries);
    return { shared, own, append: (entry) => shared.append(entry), close: () => shared.close() };
  }
  const connection = connectStore(storeUrl, {
    onState: (state, reason) => logger.debug({ ledger: reason }, `the connection of the ledger: ${state}`),
  });
  const { client, place } = connection;
  const shared = new RedisLedger({
    client,
    place,
    timeoutMs: redisTimeoutMs,
    maxEntries: redisEntries,
    findForMs: redisFindForMs,
    events,
  });
  return {
    shared,
    own,
    append: (entry) => {
      shared.append(entry);
      own?.append(entry);
    },
    close: async () => {
      await shared.close();
      connection.close();
      await own?.close();
    },
  };
}

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BudgetStore, ExpiredHold } from "../budgets/budget-store.ts";
import { Holds } from "../budgets/holds.ts";
import { LearnedAmounts } from "../budgets/learned-amounts.ts";
import { leaseBounds, leaseBoundText } from "../budgets/lease-bounds.ts";
import { EmbeddedBudgetStore } from "../budgets/stores/embedded.ts";
import { MemoryBudgetStore } from "../budgets/stores/memory.ts";
import { StickyTiers } from "../budgets/tiers.ts";
import { WaitingLines } from "../budgets/waiting-lines.ts";
import type { BudgetRule } from "../core/budget.ts";
import type { ExpiredRecord } from "../core/request-record.ts";
import type { BudgetTools } from "../extproc/tools.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";
import { defaultLeasePercent, openBudgetStore } from "./budget-store.ts";
import type { OpenLedgers } from "./ledger.ts";

const tickEveryMs = 1_000;
const maxStickyAccounts = 100_000;

/** The budgets of a configuration that may change. */
export interface LiveBudgets {
  /** In force. */
  readonly budgets: () => ReadonlyMap<string, BudgetRule>;
  /** In force, or of an earlier configuration whose requests are not over. */
  readonly findBudget: (id: string) => BudgetRule | undefined;
  readonly timeoutMs: number;
}

export interface BudgetSurroundings {
  readonly config: LiveBudgets;
  readonly storeUrl: string;
  /** Of this process alone; undefined = budgets in memory forget everything at its end. */
  readonly directory: string | undefined;
  readonly ledgers: OpenLedgers;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Told, in words for the operator, what is wrong with the store, and when it is well again. */
  readonly told: ((message: string) => void) | undefined;
}

export interface WiredBudgets {
  readonly tools: BudgetTools;
  readonly read: BudgetStore["read"];
  /** Why budgets refuse requests though nothing is used up; undefined = they work. */
  notReady(): Promise<string | undefined>;
  /** What an operator should know of the budgets in force, for the start and whenever they have changed. */
  remarks(): readonly string[];
  close(): Promise<void>;
}

interface OpenStore {
  readonly store: BudgetStore;
  readonly notReady: () => Promise<string | undefined>;
  readonly close: () => Promise<void>;
}

/** A name of this gateway's data that stays the same as long as its directory does. */
function nameIn(directory: string): string {
  const file = join(directory, "ledger-id");
  if (!existsSync(file)) writeFileSync(file, randomUUID(), { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}

const forgotten =
  "warning: what budgets have spent is forgotten when this process ends; keep it with --state-dir or Redis";

async function openEmbedded({ directory, logger, told }: BudgetSurroundings): Promise<OpenStore> {
  const nowMs = Date.now;
  const well = async (): Promise<undefined> => undefined;
  if (directory === undefined) {
    const store = new MemoryBudgetStore(nowMs);
    return { store, notReady: well, close: () => store.close() };
  }
  const store = await EmbeddedBudgetStore.open({
    directory: join(directory, "budgets"),
    nowMs,
    onTrouble: (message) => {
      logger.error({ budgets: message }, "the budgets' journal");
      told?.(`warning: ${message}`);
    },
  });
  return { store, notReady: well, close: () => store.close() };
}

function openShared(surroundings: BudgetSurroundings, owner: string): OpenStore {
  const { config, storeUrl, directory, ledgers, logger, metrics, told } = surroundings;
  const epochFile = directory && join(directory, "budget-epoch");
  const wired = openBudgetStore(storeUrl, {
    timeoutMs: config.timeoutMs,
    modeOf: (id) => config.findBudget(id)?.onStoreFailure ?? "Deny",
    budgets: () => config.budgets().values(),
    nowMs: Date.now,
    newId: randomUUID,
    metrics,
    logger,
    onState: (message) => {
      // without a budget it is nobody's concern
      if (config.budgets().size > 0) told?.(message);
    },
    owner,
    epoch: epochFile !== undefined && existsSync(epochFile) ? readFileSync(epochFile, "utf8").trim() : undefined,
    ledger:
      directory === undefined || ledgers.own === undefined
        ? undefined
        : { id: nameIn(directory), entries: () => (ledgers.own ?? ledgers.shared).entries() },
  });
  const keepEpoch = async (): Promise<void> => {
    if (epochFile === undefined) return;
    try {
      writeFileSync(epochFile, await wired.epoch(), { mode: 0o600 });
    } catch (error) {
      logger.debug({ err: error }, "the epoch of the budget store is not known");
    }
  };
  void keepEpoch();
  return {
    store: wired.store,
    notReady: () => wired.notReady(),
    close: async () => {
      await keepEpoch();
      await wired.close();
    },
  };
}

function expiredRecord(hold: ExpiredHold, atMs: number): ExpiredRecord {
  const { sessionId, owner, verdict, priceVersion, lines } = hold;
  const budgets = lines.map(({ budgetId, account, spent, overrun }) => ({
    budget: budgetId,
    account,
    spent: String(spent),
    overrun: String(overrun),
  }));
  return { type: "expired", session: sessionId, owner, atMs, verdict, priceVersion, budgets };
}

/** Opens the budget store, and whatever else paying for requests needs of a process. @throws Error of the file system */
export async function openBudgets(surroundings: BudgetSurroundings): Promise<WiredBudgets> {
  const { config, storeUrl, directory, ledgers, logger, metrics } = surroundings;
  const owner = randomUUID();
  const embedded = storeUrl.startsWith("memory:");
  const opened = embedded ? await openEmbedded(surroundings) : openShared(surroundings, owner);
  const { store } = opened;
  const holds = new Holds({
    store,
    owner,
    newId: randomUUID,
    onExpired: (expired) => {
      for (const hold of expired) {
        metrics.increment("budget_expired_holds_total", { verdict: hold.verdict });
        ledgers.append(expiredRecord(hold, Date.now()));
      }
    },
    onError: (error) => logger.debug({ err: error }, "open holds could not be metered"),
  });
  const timer = setInterval(() => {
    if (holds.size > 0 || config.budgets().size > 0) void holds.tick();
  }, tickEveryMs).unref();
  return {
    tools: {
      holds,
      sticky: new StickyTiers(maxStickyAccounts),
      lines: new WaitingLines(),
      learned: new LearnedAmounts(),
    },
    read: (accounts) => store.read(accounts),
    notReady: () => opened.notReady(),
    remarks: () => {
      if (embedded) return directory === undefined && config.budgets().size > 0 ? [forgotten] : [];
      const bounds = leaseBounds(config.budgets().values(), defaultLeasePercent);
      for (const { budgetId, perAccount } of bounds)
        metrics.set("budget_lease_bound", Number(perAccount), { budget: budgetId });
      return bounds.map(leaseBoundText);
    },
    close: async () => {
      clearInterval(timer);
      await opened.close();
    },
  };
}

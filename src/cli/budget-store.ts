import type { BudgetStore, BudgetTerms } from "../budgets/budget-store.ts";
import { FailureModes } from "../budgets/failure-modes.ts";
import { type LeaseBound, leaseBounds, leaseBoundText } from "../budgets/lease-bounds.ts";
import type { StoreState } from "../budgets/store-presence.ts";
import { durabilityAdvice } from "../budgets/stores/durability.ts";
import { makeBudgetStore } from "../budgets/stores/index.ts";
import type { BudgetRule } from "../core/budget.ts";
import type { Ledger } from "../core/request-record.ts";
import type { Logger } from "../observe/logger.ts";
import type { Metrics } from "../observe/metrics.ts";

const tendEveryMs = 250;
const maxEntries = 100_000;
const maxLeasedAccounts = 1_000;
/** An outage that is shorter costs no slice; a gateway that died blocks its slices for so long. */
const leaseTimeToLiveMs = 600_000;
const leaseIdleMs = 60_000;
export const defaultLeasePercent = 1;

export interface BudgetStoreSurroundings {
  /** How long a call waits for the store. */
  readonly timeoutMs: number;
  readonly modeOf: (budgetId: string) => BudgetRule["onStoreFailure"];
  /** As they are configured now. */
  readonly budgets: () => Iterable<BudgetRule>;
  readonly nowMs: () => number;
  readonly newId: () => string;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Told, in words for the operator, when the store is lost and found, and what is wrong with it. */
  readonly onState: ((message: string) => void) | undefined;
  /** Names this process in holds. */
  readonly owner: string;
  /** The epoch of the store's data when this gateway last ran (`WiredBudgetStore.epoch`); undefined = it takes what is there. */
  readonly epoch?: string | undefined;
  /** What a store that lost its data is rebuilt from. `id` stays the same as long as its entries do. */
  readonly ledger?: (Pick<Ledger, "entries"> & { readonly id: string }) | undefined;
  /** Of each limit, for budgets with `onStoreFailure: Lease`. */
  readonly leasePercent?: number | undefined;
}

export interface WiredBudgetStore {
  readonly store: BudgetStore;
  /** How far budgets that lease can be overspent, and that in words for the start. */
  readonly leaseBounds: readonly LeaseBound[];
  readonly leaseBoundTexts: readonly string[];
  /** Why budgets refuse requests though nothing is used up: the store is away and they say Deny then; undefined = they work. */
  notReady(): Promise<string | undefined>;
  /** Names the store's data. To be kept, and given at the next start: so a loss in between is noticed. */
  epoch(): Promise<string>;
  /** After a loss without a ledger: budgets begin anew with what the store has now. */
  acceptLoss(): Promise<void>;
  close(): Promise<void>;
}

const consequences: Readonly<Record<BudgetRule["onStoreFailure"], string>> = {
  Deny: "refuse requests",
  Lease: "spend what was leased in advance",
  Allow: "let everything pass and book it afterwards",
};

function whileAway(budgets: Iterable<BudgetRule>, modeOf: BudgetStoreSurroundings["modeOf"]): string {
  const byMode = new Map<BudgetRule["onStoreFailure"], string[]>();
  for (const { id, enforcement } of budgets) {
    if (enforcement === "Shadow") continue;
    const mode = modeOf(id);
    byMode.set(mode, [...(byMode.get(mode) ?? []), id]);
  }
  if (byMode.size === 0) return "there is no budget that needs it";
  const parts = [...byMode].map(
    ([mode, ids]) => `${byMode.size === 1 ? "budgets" : ids.join(", ")} ${consequences[mode]}`,
  );
  return `${parts.join("; ")}, until it is back`;
}

/**
 * Opens the budget store on Redis, Sentinels or a Redis Cluster, with each budget's failure mode around it.
 * @throws Error that names the forms of URLs there are (never the URL, which may hold a password)
 */
export function openBudgetStore(url: string, surroundings: BudgetStoreSurroundings): WiredBudgetStore {
  const { timeoutMs, modeOf, budgets, nowMs, newId, metrics, logger, onState, owner, ledger } = surroundings;
  const percent = surroundings.leasePercent ?? defaultLeasePercent;
  let warned: string | undefined;

  function changed(state: StoreState, reason: string): void {
    if (state === "well") {
      logger.info({ store: place }, "the budget store can be used again");
      onState?.(`the budget store is back (${place}); what ended meanwhile is in it`);
      return;
    }
    const what =
      state === "away"
        ? `the budget store is away (${reason})`
        : `the budget store has lost its data (${reason})${ledger === undefined ? "; it stays unused until the loss is accepted" : "; it is rebuilt from this gateway's ledger"}`;
    logger.warn({ store: reason }, `${what}; each budget's onStoreFailure applies`);
    onState?.(`warning: ${what}\n  ${whileAway(budgets(), modeOf)}`);
  }

  async function checkDurability(): Promise<void> {
    try {
      const durability = await connected.durability();
      metrics.set("store_durable", durability.kind === "durable" ? 1 : 0);
      const advice = durabilityAdvice(durability, place);
      if (advice !== undefined && advice !== warned) {
        logger.warn({ store: place }, advice);
        onState?.(`warning: ${advice}`);
      }
      warned = advice;
    } catch (error) {
      // it is asked again at the next connection
      metrics.set("store_durable", 0);
      logger.debug({ err: error }, "the store did not tell whether it is durable");
    }
  }

  const connected = makeBudgetStore(url, {
    timeoutMs,
    nowMs,
    epoch: surroundings.epoch,
    onState: (state, reason) => {
      // at once, although nobody asks just now
      void modes.look();
      if (state === "connected") void checkDurability();
      else logger.debug({ store: reason }, "the connection to the budget store was lost");
    },
  });
  const { store, place } = connected;
  const modes: FailureModes = new FailureModes({
    store,
    modeOf,
    nowMs,
    newId,
    metrics,
    maxEntries,
    owner,
    percent,
    timeToLiveMs: leaseTimeToLiveMs,
    idleMs: leaseIdleMs,
    maxAccounts: maxLeasedAccounts,
    changed,
    unexpected: (error) => logger.error({ err: error }, "the budget store does not take something"),
    ledger: ledger && {
      entries: () => ledger.entries(),
      ledgerId: ledger.id,
      termsOf: (id): BudgetTerms | undefined => [...budgets()].find((budget) => budget.id === id),
    },
  });
  const timer = setInterval(() => void modes.tend(), tendEveryMs).unref();
  const bounds = leaseBounds(budgets(), percent);
  for (const { budgetId, perAccount } of bounds)
    metrics.set("budget_lease_bound", Number(perAccount), { budget: budgetId });

  return {
    store: modes,
    leaseBounds: bounds,
    leaseBoundTexts: bounds.map(leaseBoundText),
    notReady: async () => {
      await modes.look();
      const denying = [...budgets()].filter(({ id, enforcement }) => enforcement !== "Shadow" && modeOf(id) === "Deny");
      if (modes.absence === undefined || denying.length === 0) return undefined;
      return `the budget store is away (${modes.absence}), and budgets that say Deny then refuse requests: ${denying.map(({ id }) => id).join(", ")}`;
    },
    epoch: () => store.epoch(),
    acceptLoss: () => modes.acceptLoss(),
    close: async () => {
      clearInterval(timer);
      await modes.close();
      if (modes.waiting > 0)
        logger.error(
          { entries: modes.waiting },
          "the budget store was away at the end: settlements and bookings are lost",
        );
      connected.close();
    },
  };
}

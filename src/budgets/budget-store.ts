import type { BudgetWindow, Enforcement } from "../core/budget.ts";
import type { WindowSpan } from "./budget-window.ts";

/**
 * Where budgets are kept (limits.md L31, L32, L39). One implementation per file in `stores/`; all pass
 * test/budgets/stores/budget-store.contract.ts.
 *
 * Every operation is one round trip, atomic over all budgets that it names, and runs on the store's clock. For Hard budgets
 * `spent + held ≤ limit` holds after every operation, in every window.
 *
 * Amounts are nano-USD, tokens or whatever the budget counts, as `bigint`: a month of $10M is 1e16 nano-USD, above 2^53.
 *
 * Every operation that adds or takes away carries an id and applies once: repeated, it changes nothing and answers the same.
 * Ids of one session are remembered as long as its hold is open, and an hour longer (a day when it expired).
 */
export interface BudgetStore {
  /** Holds an amount on every budget of a request, or on none. A refusal is remembered too: ask anew with a new id. */
  reserve(call: ReserveCall): Promise<Reserved | Refused | Closed>;
  /** Holds more, in the window of the reservation, on every budget or on none. */
  extend(call: ExtendCall): Promise<Reserved | Refused | Closed>;
  /**
   * The owner says what its sessions cost so far, and that it lives. Many sessions in one call. It needs no id: totals may be
   * told twice, and whoever tells them again is alive.
   */
  meter(call: MeterCall): Promise<readonly MeterState[]>;
  /**
   * Books what a session cost, once, and releases its hold. Whatever comes after the first settlement by the owner gets that
   * one's answer. A session that the store does not know is closed, so that a reservation which arrives late holds nothing.
   */
  settle(call: SettleCall): Promise<Settled | UnknownSession>;
  /** Settles holds whose time is over. Any process may: what it gets, no other gets. */
  expire(call: ExpireCall): Promise<readonly ExpiredHold[]>;
  /** How accounts stand. Changes nothing. */
  read(accounts: readonly AccountQuery[]): Promise<readonly Standing[]>;
  close(): Promise<void>;
}

export interface BudgetTerms {
  /** `<namespace>/<name>`. */
  readonly id: string;
  /** Not part of what is counted: an edited limit keeps what was used. */
  readonly limit: bigint;
  readonly window: BudgetWindow;
  readonly enforcement: Enforcement;
}

/** A budget and the account of it that pays. */
export interface BudgetAccount {
  readonly budget: BudgetTerms;
  readonly account: string;
}

export interface ReserveLine extends BudgetAccount {
  /** The upper bound (Hard) or estimate; 0 only asks whether the budget is used up. */
  readonly amount: bigint;
  /**
   * Refuse also when less than this remains before the reservation: so the tier that was chosen by what remained a moment ago (L35)
   * is confirmed in the same round trip.
   */
  readonly leastRemaining?: bigint;
}

export interface ReserveCall {
  readonly id: string;
  /** The session's random id; one hold per session (L33). */
  readonly sessionId: string;
  /** Which process meters and settles it. */
  readonly owner: string;
  /** How long the hold lives without a sign of its owner. */
  readonly timeToLiveMs: number;
  /** The price table that the amounts come from. */
  readonly priceVersion: string;
  /** At least one; no budget twice. */
  readonly lines: readonly ReserveLine[];
}

/** For the budgets of the reservation, each exactly once. */
export interface BudgetAmount {
  readonly budgetId: string;
  readonly amount: bigint;
}

export interface ExtendCall {
  readonly id: string;
  readonly sessionId: string;
  readonly amounts: readonly BudgetAmount[];
}

export interface MeterCall {
  readonly timeToLiveMs: number;
  readonly sessions: readonly MeteredSession[];
}

/** Cost so far, not since the last time. Of two reports the higher one counts, so that a delayed one does no harm. */
export interface MeteredSession {
  readonly sessionId: string;
  readonly amounts: readonly BudgetAmount[];
}

/** `closed`: settled, expired or unknown. Its owner should settle it, which books the difference. */
export type MeterState = "open" | "closed";

export interface SettleCall {
  readonly id: string;
  readonly sessionId: string;
  readonly amounts: readonly BudgetAmount[];
}

export interface ExpireCall {
  readonly id: string;
  /** How many holds at most. */
  readonly maxHolds: number;
}

export interface AccountQuery extends BudgetAccount {
  /** Looks at the window of that time instead of the present one. */
  readonly atMs?: number;
}

/** How an account stands in a window. What remains is `limit − spent − held − overrun`, at least 0. */
export interface Standing {
  readonly budgetId: string;
  readonly account: string;
  readonly window: WindowSpan;
  readonly limit: bigint;
  readonly spent: bigint;
  readonly held: bigint;
  /** Billed beyond what was held. It counts against what remains, and is kept apart because `spent + held ≤ limit` holds always. */
  readonly overrun: bigint;
}

/** Why a budget refused. */
export interface Shortage extends Standing {
  readonly asked: bigint;
  /** When the same request passes if nothing else is spent; undefined = never (larger than the limit, or a hold in its own window). */
  readonly passesAtMs: number | undefined;
}

export interface Reserved {
  readonly kind: "reserved";
  /** With what was just held; in the order of the lines. */
  readonly standings: readonly Standing[];
  /** Shadow budgets that would have refused. */
  readonly wouldRefuse: readonly Shortage[];
}

export interface Refused {
  readonly kind: "refused";
  /** Every budget that refused, in the order of the lines; never empty. */
  readonly shortages: readonly Shortage[];
}

/** The session has another reservation, or was settled already; an extension: has no open hold. Nothing was held. */
export interface Closed {
  readonly kind: "closed";
}

export interface SettledLine {
  readonly budgetId: string;
  readonly account: string;
  readonly window: WindowSpan;
  readonly spent: bigint;
  readonly overrun: bigint;
}

export interface Settled {
  readonly kind: "settled";
  /** The hold had expired and was settled then; these lines replace what was booked. */
  readonly late: boolean;
  readonly priceVersion: string;
  readonly lines: readonly SettledLine[];
  /** With what was just booked, in the window of the reservation; in the order of the lines. */
  readonly standings: readonly Standing[];
}

/** Nothing was booked: never reserved, or forgotten long ago. */
export interface UnknownSession {
  readonly kind: "unknown";
}

export interface ExpiredHold {
  readonly sessionId: string;
  readonly owner: string;
  readonly priceVersion: string;
  /** `metered`: booked at what was metered last. `unknown`: nothing was metered, booked whole. */
  readonly verdict: "metered" | "unknown";
  readonly lines: readonly SettledLine[];
}

export class BudgetStoreUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "BudgetStoreUnavailable";
  }
}

/** The store answers, but what it held is gone (L39): Hard budgets cannot be decided until its owner has rebuilt or given up the data. */
export class BudgetDataLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BudgetDataLost";
  }
}

import type { BudgetAccount, BudgetTerms, Standing } from "./budget-store.ts";
import { layoutOf, type WindowSpan } from "./budget-window.ts";
import { remainingOf } from "./tiers.ts";

const sessionPrefix = "lease-";

/** Of the hold of a slice: no request's id looks like it. */
export function leaseSessionId(id: string): string {
  return `${sessionPrefix}${id}`;
}

export function isLeaseSession(sessionId: string): boolean {
  return sessionId.startsWith(sessionPrefix);
}

/**
 * A slice of an account that this process holds in the store, to spend from it while the store is away (limits.md L39). It is
 * touched at no other time.
 *
 * How far a limit can be overspent: what the store lets through, it keeps within the limit, the slice included, because a slice is an
 * ordinary hold. What is let through without the store is at most the slice: `held + spent ≤ size` here, an account has one slice at a
 * time, and a new one is taken only when the store has booked what was spent from the last. So per gateway, account and window the
 * limit is overspent by one slice at most, and only if the hold was given back before it was settled: when the gateway ended, or the
 * hold expired, during an outage, or when the store lost its data. If the store has the hold when it is back, by nothing. A gateway that
 * died and was started anew counts as two. What a provider bills beyond what was held is overrun here as everywhere.
 *
 * A slice settles in the window that it was taken in, so it is not spent from after that. In a rolling window it may be spent from
 * when it is some buckets old, and leaves the window these buckets too early: again one slice at most.
 *
 * Its hold is metered at what was spent, so that a gateway that is gone gives the rest back when it expires, after
 * `timeToLiveMs` (minutes, not the seconds of a request's hold: an outage that is shorter must not cost the slice).
 */
export class Lease implements BudgetAccount {
  readonly budget: BudgetTerms;
  readonly account: string;
  /** Of the hold in the store. */
  readonly sessionId: string;
  readonly size: bigint;
  /** Sessions that ended and spent from it. */
  readonly endedSessions: string[] = [];
  /** As the store told it last; the slice is held in it. */
  standing: Standing;
  lastServedMs: number;
  /** It refuses somebody, or little remains of the account. */
  inTheWay = false;
  /** Its hold is not in the store any more: nothing more is spent from it. */
  gone = false;
  /** Its settlement was sent, or must be: it may be done, so nothing more is spent from it. */
  closing = false;
  readonly #window: WindowSpan;
  readonly #takenMs: number;
  #held = 0n;
  #spent = 0n;
  #openLines = 0;

  constructor({ budget, account }: BudgetAccount, sessionId: string, size: bigint, standing: Standing, nowMs: number) {
    this.budget = budget;
    this.account = account;
    this.sessionId = sessionId;
    this.size = size;
    this.standing = standing;
    this.lastServedMs = nowMs;
    this.#window = standing.window;
    this.#takenMs = nowMs;
  }

  get spent(): bigint {
    return this.#spent;
  }

  /** What is gone from it, what requests in flight hold included. */
  get used(): bigint {
    return this.#held + this.#spent;
  }

  /** No request in flight holds on it. */
  get isIdle(): boolean {
    return this.#openLines === 0;
  }

  /** A time in the window in which it settles. */
  get atMs(): number {
    return this.#window.endMs - 1;
  }

  isUsable(nowMs: number): boolean {
    const { window } = this.budget;
    // a rolling window's end is that of its newest bucket
    const { endMs } = this.#window;
    const lastMs = window.kind === "calendar" ? endMs : endMs - layoutOf(window).slotMs + window.lengthMs;
    return !this.gone && !this.closing && nowMs < lastMs;
  }

  /** Another window, or bucket of a rolling one, has begun. */
  isOutdated(nowMs: number, leastAgeMs: number): boolean {
    const young = this.budget.window.kind === "rolling" && nowMs - this.#takenMs < leastAgeMs;
    return nowMs >= this.#window.endMs && !young;
  }

  /** As the store decides it: a Soft budget without an estimate wants that something is left. */
  covers(amount: bigint): boolean {
    const free = this.size - this.used;
    return free >= amount && (free > 0n || (this.budget.enforcement === "Hard" && amount === 0n));
  }

  /** `first`: for a line of a request that held nothing on it before. */
  hold(amount: bigint, first: boolean): void {
    this.#held += amount;
    if (first) this.#openLines++;
  }

  /** A request is over that held so much and cost so much of it. */
  settle(held: bigint, cost: bigint, sessionId: string): void {
    this.#held -= held;
    this.#spent += cost;
    this.#openLines--;
    this.endedSessions.push(sessionId);
  }

  /** How the account stands as far as is known here. */
  known(): Standing {
    const { held } = this.standing;
    const used = this.used;
    return { ...this.standing, spent: this.standing.spent + used, held: held > used ? held - used : 0n };
  }

  /** What the store tells of the account. `asked`: it refused so much. */
  told(standing: Standing, asked: bigint | undefined): void {
    this.standing = standing;
    const remaining = remainingOf(standing);
    const refused = asked !== undefined && asked > remaining && asked <= remaining + this.size;
    if (refused || remaining < this.size) this.inTheWay = true;
  }
}

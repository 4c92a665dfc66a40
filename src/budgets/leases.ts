import { accountKey } from "./accounts.ts";
import type { RemoteBudgetStore } from "./booking.ts";
import type { BudgetAccount, BudgetStore, Settled, Standing, UnknownSession } from "./budget-store.ts";
import { Lease, leaseSessionId } from "./lease.ts";
import { leaseSize } from "./lease-bounds.ts";
import { remainingOf } from "./tiers.ts";

/** A slice is taken of an account of which at least so many slices remain, so that the last of its money is nobody's slice. */
const leastSlices = 4n;
const atOnce = 32;
const meteredAtOnce = 200;
/** Slices of rolling windows follow the newest bucket, but not faster than this. */
const leastAgeMs = 10_000;

export interface LeaseOptions {
  /** Of the limit; see `leaseSize`. */
  readonly percent: number;
  /** How long the hold of a gateway that is gone lives. */
  readonly timeToLiveMs: number;
  /** A slice of an account without requests for so long is given back. */
  readonly idleMs: number;
  /** Slices of so many accounts at most. */
  readonly maxAccounts: number;
  /** Names this process in the store. */
  readonly owner: string;
  readonly nowMs: () => number;
  readonly newId: () => string;
}

/**
 * The slices that this process has leased in advance of the accounts that it served lately (limits.md L39). Calls to the store are
 * made by `tend` only.
 */
export class Leases {
  readonly #options: LeaseOptions;
  readonly #leases = new Map<string, Lease>();
  /** Accounts that want a slice, and when they were served. */
  readonly #wanted = new Map<string, BudgetAccount & { readonly standing: Standing; readonly servedMs: number }>();
  /** Reservations of slices whose answer did not come: they must not hold. */
  readonly #abandoned = new Map<string, BudgetAccount>();
  #meteredMs = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** Sessions that ended and spent from slices that are not settled yet. */
  *endedSessions(): Iterable<string> {
    for (const { endedSessions } of this.#leases.values()) yield* endedSessions;
  }

  /** The store let an account through, or refused it `asked`. */
  served({ budget, account }: BudgetAccount, standing: Standing, asked?: bigint): void {
    const key = accountKey(budget.id, account, budget.window);
    const nowMs = this.#options.nowMs();
    const lease = this.#leases.get(key);
    if (lease !== undefined) {
      lease.lastServedMs = nowMs;
      lease.told(standing, asked);
      return;
    }
    const { maxAccounts, percent } = this.#options;
    if (this.#wanted.size + this.#leases.size >= maxAccounts && !this.#wanted.has(key)) return;
    if (remainingOf(standing) < leastSlices * leaseSize(budget.limit, percent)) return;
    this.#wanted.set(key, { budget, account, standing, servedMs: nowMs });
  }

  /** The slice of an account, if it can be spent from now. */
  find({ budget, account }: BudgetAccount): Lease | undefined {
    const lease = this.#leases.get(accountKey(budget.id, account, budget.window));
    return lease?.isUsable(this.#options.nowMs()) ? lease : undefined;
  }

  /**
   * Settles slices that are spent from, outdated, idle or in the way, takes new ones, and says that this process lives. Call it
   * about every second while the store is well.
   * @throws what the store throws
   */
  async tend(store: RemoteBudgetStore): Promise<void> {
    const nowMs = this.#options.nowMs();
    await this.#inParallel([...this.#abandoned], ([sessionId, place]) => this.#abandon(store, sessionId, place));
    for (const lease of this.#leases.values()) if (this.#isOver(lease, nowMs)) lease.closing = true;
    await this.#settleClosing(store, true);
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    await this.#inParallel(wanted, ([key, { servedMs, ...place }]) => this.#take(store, key, place, servedMs));
    if (nowMs - this.#meteredMs >= this.#options.timeToLiveMs / 20) {
      await this.#meter(store, [...this.#leases.values()]);
      this.#meteredMs = nowMs;
    }
  }

  /** The store has lost its data, and the slices' holds with it. */
  lost(): void {
    for (const lease of this.#leases.values()) lease.gone = true;
  }

  /**
   * Gives back what requests in flight do not hold.
   * @throws what the store throws
   */
  async release(store: RemoteBudgetStore): Promise<void> {
    this.#wanted.clear();
    await this.#inParallel([...this.#abandoned], ([sessionId, place]) => this.#abandon(store, sessionId, place));
    for (const lease of this.#leases.values()) if (lease.isIdle) lease.closing = true;
    await this.#settleClosing(store, false);
  }

  #isOver(lease: Lease, nowMs: number): boolean {
    if (lease.closing || !lease.isIdle) return lease.closing;
    const isUnused = nowMs - lease.lastServedMs >= this.#options.idleMs;
    return lease.gone || lease.spent > 0n || lease.inTheWay || isUnused || lease.isOutdated(nowMs, leastAgeMs);
  }

  async #settleClosing(store: RemoteBudgetStore, again: boolean): Promise<void> {
    const closing = [...this.#leases].filter(([, lease]) => lease.closing);
    await this.#inParallel(closing, async ([key, lease]) => {
      const answer = await this.#settle(store, lease.sessionId, lease, lease.spent);
      // the store lost it; another slice may be taken only when this is booked
      if (answer.kind === "unknown" && lease.spent > 0n) {
        const spending = { ...placeOf(lease), atMs: lease.atMs, amount: lease.spent };
        await store.book({ id: `${lease.sessionId}-book`, spendings: [spending] });
      }
      this.#leases.delete(key);
      const wantsAnother =
        again && !lease.inTheWay && this.#options.nowMs() - lease.lastServedMs < this.#options.idleMs;
      // whether enough remains the store decides
      if (wantsAnother)
        this.#wanted.set(key, { ...placeOf(lease), standing: lease.standing, servedMs: lease.lastServedMs });
    });
  }

  async #take(store: BudgetStore, key: string, { budget, account }: BudgetAccount, servedMs: number): Promise<void> {
    const { percent, timeToLiveMs, owner, newId } = this.#options;
    const sessionId = leaseSessionId(newId());
    const size = leaseSize(budget.limit, percent);
    this.#abandoned.set(sessionId, { budget, account });
    const lines = [{ budget, account, amount: size, leastRemaining: leastSlices * size }];
    const call = { id: `${sessionId}-take`, sessionId, owner, timeToLiveMs, priceVersion: "lease", lines };
    const answer = await store.reserve(call);
    this.#abandoned.delete(sessionId);
    const standing = answer.kind === "reserved" ? answer.standings[0] : undefined;
    if (standing === undefined) return;
    const lease = new Lease({ budget, account }, sessionId, size, standing, servedMs);
    this.#leases.set(key, lease);
    // what was never metered would be booked whole if this process ended now
    await this.#meter(store, [lease]);
  }

  async #meter(store: BudgetStore, leases: readonly Lease[]): Promise<void> {
    const { timeToLiveMs } = this.#options;
    for (let first = 0; first < leases.length; first += meteredAtOnce) {
      const some = leases.slice(first, first + meteredAtOnce);
      const sessions = some.map(({ sessionId, budget, used }) => ({
        sessionId,
        amounts: [{ budgetId: budget.id, amount: used }],
      }));
      const states = await store.meter({ timeToLiveMs, sessions });
      for (const [index, lease] of some.entries()) if (states[index] === "closed") lease.gone = true;
    }
  }

  async #abandon(store: BudgetStore, sessionId: string, place: BudgetAccount): Promise<void> {
    await this.#settle(store, sessionId, place, 0n);
    this.#abandoned.delete(sessionId);
  }

  #settle(
    store: BudgetStore,
    sessionId: string,
    { budget }: BudgetAccount,
    amount: bigint,
  ): Promise<Settled | UnknownSession> {
    return store.settle({ id: `${sessionId}-end`, sessionId, amounts: [{ budgetId: budget.id, amount }] });
  }

  /** A few at once; the first failure is thrown when all of them are over. */
  async #inParallel<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
    for (let first = 0; first < all.length; first += atOnce) {
      const ends = await Promise.allSettled(all.slice(first, first + atOnce).map(act));
      const failure = ends.find((end) => end.status === "rejected");
      if (failure !== undefined) throw failure.reason;
    }
  }
}

function placeOf({ budget, account }: BudgetAccount): BudgetAccount {
  return { budget, account };
}

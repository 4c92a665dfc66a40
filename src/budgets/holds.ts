import type {
  AccountQuery,
  BudgetAmount,
  BudgetStore,
  Closed,
  ExpiredHold,
  Refused,
  Reserved,
  ReserveLine,
  Settled,
  Standing,
  UnknownSession,
} from "./budget-store.ts";
import { SeenAccounts } from "./seen-accounts.ts";

/** A hold lives this long without a sign of its owner, who gives one every second (limits.md L32). */
const timeToLiveMs = 10_000;
const maxExpiredAtOnce = 100;

export interface HoldsOptions {
  readonly store: BudgetStore;
  /** This process, by a name that no other has or had. */
  readonly owner: string;
  readonly newId: () => string;
  /** Told which holds of vanished owners were settled by this process. */
  readonly onExpired: (holds: readonly ExpiredHold[]) => void;
  /** Told what the store could not do in `tick`; it is tried again with the next one. */
  readonly onError: (error: Error) => void;
}

/** What is held, and what would be owed if this process ended now; both in the order of the lines. */
interface Open {
  readonly hold: Hold;
  readonly owed: () => readonly bigint[];
}

/** The holds of this process: reserves, keeps alive and settles them, and settles those of others that expired. */
export class Holds {
  readonly #options: HoldsOptions;
  readonly #open = new Map<string, Open>();
  readonly #seen = new SeenAccounts();
  readonly #waiting = new Set<() => void>();
  #ticking = false;

  constructor(options: HoldsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Accounts of a budget that this process has served lately. */
  accountsOf(budgetId: string): readonly string[] {
    return this.#seen.of(budgetId);
  }

  /**
   * Holds the amounts of the lines, on every budget or on none.
   * `owed`: see `Hold`; undefined until something else is said = all that is held.
   * @throws BudgetStoreUnavailable, BudgetDataLost
   */
  async reserve(
    sessionId: string,
    lines: readonly ReserveLine[],
    priceVersion: string,
    owed?: () => readonly bigint[] | undefined,
  ): Promise<{ readonly kind: "held"; readonly hold: Hold; readonly reserved: Reserved } | Refused> {
    const { store, owner, newId } = this.#options;
    for (const { budget, account } of lines) this.#seen.add(budget.id, account);
    const answer = await store.reserve({ id: newId(), sessionId, owner, timeToLiveMs, priceVersion, lines });
    if (answer.kind === "refused") return answer;
    if (answer.kind === "closed") throw new Error(`session ${sessionId} reserved twice`);
    const hold = new Hold(sessionId, lines, this.#options, () => this.#settled(sessionId));
    this.#open.set(sessionId, { hold, owed: () => hold.settling ?? owed?.() ?? hold.amounts });
    return { kind: "held", hold, reserved: answer };
  }

  /** How accounts stand now. @throws BudgetStoreUnavailable, BudgetDataLost */
  read(accounts: readonly AccountQuery[]): Promise<readonly Standing[]> {
    return this.#options.store.read(accounts);
  }

  /** Resolves when a hold of this process was settled, at `changed`, or after `timeoutMs`. */
  change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  /** Something else changed that those who wait may have waited for. */
  changed(): void {
    for (const done of [...this.#waiting]) done();
  }

  /** Gives a sign of life and says what is owed, for every open hold, and settles what others left. Call it every second. */
  async tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      await this.#meter();
      await this.#expire();
    } catch (error) {
      this.#options.onError(error as Error);
    } finally {
      this.#ticking = false;
    }
  }

  async #meter(): Promise<void> {
    if (this.#open.size === 0) return;
    const sessions = [...this.#open].map(([sessionId, { hold, owed }]) => ({
      sessionId,
      amounts: hold.byBudget(owed()),
    }));
    await this.#options.store.meter({ timeToLiveMs, sessions });
  }

  async #expire(): Promise<void> {
    const { store, newId, onExpired } = this.#options;
    const expired = await store.expire({ id: newId(), maxHolds: maxExpiredAtOnce });
    if (expired.length > 0) onExpired(expired);
  }

  #settled(sessionId: string): void {
    this.#open.delete(sessionId);
    this.changed();
  }
}

/** What one request holds. */
export class Hold {
  readonly #sessionId: string;
  readonly #lines: readonly ReserveLine[];
  readonly #options: Pick<HoldsOptions, "store" | "newId">;
  readonly #released: () => void;
  #amounts: readonly bigint[];
  #settling: readonly bigint[] | undefined;
  #settlement: Promise<Settled | UnknownSession> | undefined;

  constructor(
    sessionId: string,
    lines: readonly ReserveLine[],
    options: Pick<HoldsOptions, "store" | "newId">,
    released: () => void,
  ) {
    this.#sessionId = sessionId;
    this.#lines = lines;
    this.#options = options;
    this.#released = released;
    this.#amounts = lines.map(({ amount }) => amount);
  }

  /** With all extensions, in the order of the lines. */
  get amounts(): readonly bigint[] {
    return this.#amounts;
  }

  /** What it is being settled at; undefined = it is not. */
  get settling(): readonly bigint[] | undefined {
    return this.#settling;
  }

  /** Holds more; in the order of the lines. @throws BudgetStoreUnavailable, BudgetDataLost */
  async extend(by: readonly bigint[]): Promise<Reserved | Refused | Closed> {
    const { store, newId } = this.#options;
    const answer = await store.extend({ id: newId(), sessionId: this.#sessionId, amounts: this.byBudget(by) });
    if (answer.kind === "reserved") this.#amounts = this.#amounts.map((amount, index) => amount + (by[index] ?? 0n));
    return answer;
  }

  /** Books what the request cost and releases the rest. Once: what comes after gets the first answer. */
  settle(amounts: readonly bigint[]): Promise<Settled | UnknownSession> {
    this.#settlement ??= this.#settle(amounts);
    return this.#settlement;
  }

  async #settle(amounts: readonly bigint[]): Promise<Settled | UnknownSession> {
    const { store, newId } = this.#options;
    this.#settling = amounts;
    try {
      return await store.settle({ id: newId(), sessionId: this.#sessionId, amounts: this.byBudget(amounts) });
    } finally {
      this.#released();
    }
  }

  byBudget(amounts: readonly bigint[]): readonly BudgetAmount[] {
    return this.#lines.map(({ budget }, index) => ({ budgetId: budget.id, amount: amounts[index] ?? 0n }));
  }
}

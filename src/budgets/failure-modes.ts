import type { LedgerEntry } from "../core/request-record.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { RemoteBudgetStore, Spending } from "./booking.ts";
import {
  type AccountQuery,
  BudgetDataLost,
  type BudgetStore,
  BudgetStoreUnavailable,
  type Closed,
  type ExpireCall,
  type ExpiredHold,
  type ExtendCall,
  type MeterCall,
  type MeterState,
  type Refused,
  type ReserveCall,
  type Reserved,
  type SettleCall,
  type Settled,
  type Standing,
  type UnknownSession,
} from "./budget-store.ts";
import { isLeaseSession } from "./lease.ts";
import { type LeaseOptions, Leases } from "./leases.ts";
import { type JournalEntry, OutageJournal } from "./outage-journal.ts";
import { bookingsOf, type RebuildOptions } from "./rebuild.ts";
import {
  costsInOrder,
  expectedSettlement,
  leasedPart,
  restsOf,
  type ServedSession,
  ServedSessions,
} from "./served-sessions.ts";
import { isAbsence, StorePresence, type StoreState } from "./store-presence.ts";
import { type FailureMode, UnstoredRequests } from "./unstored-requests.ts";

export interface FailureModesOptions extends LeaseOptions {
  readonly store: RemoteBudgetStore;
  readonly modeOf: (budgetId: string) => FailureMode;
  readonly metrics: Metrics;
  /** So many requests in flight, and so many of what waits for the store; more are dropped and counted. */
  readonly maxEntries: number;
  /** Told when the store is away, has lost its data, and is back. */
  readonly changed: (state: StoreState, reason: string) => void;
  /** Something failed that is not the store's absence. */
  readonly unexpected: (error: unknown) => void;
  /** What a store that lost its data is rebuilt from; undefined = it stays lost until `acceptLoss`. */
  readonly ledger?:
    | (Pick<RebuildOptions, "termsOf" | "ledgerId"> & { readonly entries: () => AsyncIterable<LedgerEntry> })
    | undefined;
}

/**
 * A budget store that may be away (limits.md L39). While it answers, every operation is its: one round trip. When it fails, is late,
 * or has lost its data, each budget's `onStoreFailure` decides what begins and grows, and the strictest one of a request counts:
 *
 * * Deny: reserve and extend throw BudgetStoreUnavailable.
 * * Lease: what fits in the slice that was leased of the account in advance passes (lease.ts), all else is BudgetStoreUnavailable.
 * * Allow: it passes. What it cost is booked when the store is back.
 *
 * Shadow budgets refuse nothing, and are journaled as with Allow. What began while the store was there is settled when it is back. A
 * reservation that timed out may hold nevertheless: its session is settled with 0 when the store is back, and never holds again.
 *
 * `tend` must be called every few hundred milliseconds: it finds the store again, brings what waits, and keeps the slices.
 */
export class FailureModes implements BudgetStore {
  readonly #options: FailureModesOptions;
  readonly #store: RemoteBudgetStore;
  readonly #presence: StorePresence;
  readonly #leases: Leases;
  readonly #journal: OutageJournal;
  readonly #sessions: ServedSessions;
  readonly #unstored: UnstoredRequests;
  #tending: Promise<void> | undefined;

  constructor(options: FailureModesOptions) {
    const { maxEntries, metrics } = options;
    this.#options = options;
    this.#store = options.store;
    this.#presence = new StorePresence(options.changed);
    this.#leases = new Leases(options);
    this.#unstored = new UnstoredRequests({ ...options, leases: this.#leases });
    this.#sessions = new ServedSessions(maxEntries);
    this.#journal = new OutageJournal(maxEntries, (error) => {
      metrics.increment("budget_journal_dropped_total");
      if (error !== undefined) options.unexpected(error);
    });
  }

  /** Why the store cannot be used now; undefined = it can. */
  get absence(): string | undefined {
    return this.#isWell ? undefined : this.#presence.reason;
  }

  /** How many settlements and bookings wait for the store. */
  get waiting(): number {
    return this.#journal.size;
  }

  /** Of how many accounts a slice is leased. */
  get leasedAccounts(): number {
    return this.#leases.size;
  }

  get #isWell(): boolean {
    return this.#presence.state === "well";
  }

  async reserve(call: ReserveCall): Promise<Reserved | Refused | Closed> {
    const known = this.#sessions.get(call.sessionId);
    if (known !== undefined) return known.answers.get(call.id) ?? { kind: "closed" };
    if (this.#isWell) {
      try {
        const answer = await this.#store.reserve(call);
        this.#learn(call, answer);
        return answer;
      } catch (error) {
        this.#failed(error);
        // it may hold all the same
        const amounts = call.lines.map(({ budget }) => ({ budgetId: budget.id, amount: 0n }));
        const settle = { id: `${call.id}-abandoned`, sessionId: call.sessionId, amounts };
        this.#wait({ kind: "settle", call: settle, otherwise: [] });
      }
    }
    const decided = this.#unstored.reserve(call, this.#presence.reason);
    if ("kind" in decided) return decided;
    this.#remember(decided.session);
    return decided.answer;
  }

  async extend(call: ExtendCall): Promise<Reserved | Refused | Closed> {
    const session = this.#sessions.get(call.sessionId);
    const known = session?.answers.get(call.id);
    if (known !== undefined) return known;
    if (this.#isWell && session?.inStore !== false) {
      try {
        const answer = await this.#store.extend(call);
        if (session !== undefined && answer.kind === "reserved") grow(session, call, answer);
        return answer;
      } catch (error) {
        this.#failed(error);
      }
    }
    if (session !== undefined) return this.#unstored.extend(session, call, this.#presence.reason);
    throw new BudgetStoreUnavailable(`the store is away, and the request is not known here (${this.#presence.reason})`);
  }

  /** What is not in the store is answered as open. */
  async meter(call: MeterCall): Promise<readonly MeterState[]> {
    const reports = call.sessions.map((report) => ({ ...report, session: this.#sessions.get(report.sessionId) }));
    const stored = reports.filter(({ session }) => session?.inStore !== false);
    const states = new Map<string, MeterState>();
    if (this.#isWell && stored.length > 0) {
      const sessions = stored.map(({ sessionId, amounts, session }) => ({
        sessionId,
        amounts: session?.lines.some(({ lease }) => lease)
          ? storedAmounts(session, costsInOrder(session, amounts))
          : amounts,
      }));
      try {
        const answer = await this.#store.meter({ ...call, sessions });
        for (const [index, { sessionId }] of sessions.entries()) states.set(sessionId, answer[index] ?? "open");
      } catch (error) {
        this.#failed(error);
      }
    }
    return reports.map(({ sessionId }) => states.get(sessionId) ?? "open");
  }

  async settle(call: SettleCall): Promise<Settled | UnknownSession> {
    const session = this.#sessions.get(call.sessionId);
    if (session === undefined) return this.#settleInStore(call, [], { kind: "unknown" });
    const costs = costsInOrder(session, call.amounts);
    const expected = expectedSettlement(session, costs);
    const rests = restsOf(session, costs);
    this.#end(session, costs);
    if (!session.inStore) {
      this.#book(session.sessionId, rests);
      return expected;
    }
    const isPartlyLeased = session.lines.some(({ lease }) => lease !== undefined);
    const stored = isPartlyLeased ? { ...call, amounts: storedAmounts(session, costs) } : call;
    const answer = await this.#settleInStore(stored, rests, expected);
    return isPartlyLeased ? expected : answer;
  }

  /** Settles nothing while settlements of owners wait: those would come late. Slices are no requests, and are not told of. */
  async expire(call: ExpireCall): Promise<readonly ExpiredHold[]> {
    if (!this.#isWell || this.#journal.size > 0) return [];
    try {
      return (await this.#store.expire(call)).filter(({ sessionId }) => !isLeaseSession(sessionId));
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  /** While the store is away: as far as this process knows; BudgetStoreUnavailable for a budget that denies then. */
  async read(accounts: readonly AccountQuery[]): Promise<readonly Standing[]> {
    if (this.#isWell) {
      try {
        return await this.#store.read(accounts);
      } catch (error) {
        this.#failed(error);
      }
    }
    return accounts.map((query) => this.#unstored.read(query, this.#presence.reason));
  }

  /** Brings what waits to the store, and gives the slices back. What it cannot bring is lost, or expires in the store. */
  async close(): Promise<void> {
    await this.tend();
    try {
      if (this.#isWell) await this.#leases.release(this.#store);
    } catch (error) {
      if (!isAbsence(error)) this.#options.unexpected(error);
    }
    await this.#store.close();
  }

  /** Goes on with what a store that lost its data has now. */
  async acceptLoss(): Promise<void> {
    this.#store.acceptLoss();
    await this.tend();
  }

  /** Asks the store something harmless, so that its absence or return is noticed although nobody asks. Never rejects. */
  async look(): Promise<void> {
    if (!this.#isWell) return this.tend();
    try {
      await this.#store.read([]);
    } catch (error) {
      if (isAbsence(error)) this.#failed(error);
      else this.#options.unexpected(error);
    }
  }

  /** One at a time; never rejects. */
  tend(): Promise<void> {
    this.#tending ??= this.#tendOnce().finally(() => {
      this.#tending = undefined;
    });
    return this.#tending;
  }

  async #tendOnce(): Promise<void> {
    const { metrics, ledger, unexpected } = this.#options;
    try {
      if (!this.#isWell) {
        try {
          await this.#store.read([]);
        } catch (error) {
          if (!(error instanceof BudgetDataLost) || ledger === undefined) throw error;
          this.#failed(error);
          this.#presence.tell();
          await this.#rebuild(ledger);
        }
        this.#presence.found();
        metrics.set("budget_store_away", 0);
      }
      await this.#journal.replay(this.#store, isAbsence);
      await this.#leases.tend(this.#store);
      if (this.#isWell) this.#presence.tell();
    } catch (error) {
      if (isAbsence(error)) {
        this.#failed(error);
        this.#presence.tell();
      } else unexpected(error);
    }
    metrics.set("budget_journal_entries", this.#journal.size);
    metrics.set("budget_leased_accounts", this.#leases.size);
  }

  async #rebuild({ entries, termsOf, ledgerId }: NonNullable<FailureModesOptions["ledger"]>): Promise<void> {
    const nowMs = this.#options.nowMs();
    const elsewhere = new Set([...this.#sessions.ids(), ...this.#journal.sessions(), ...this.#leases.endedSessions()]);
    async function* begunBefore(): AsyncIterable<LedgerEntry> {
      for await (const entry of entries()) if (entry.type === "expired" || entry.startedMs < nowMs) yield entry;
    }
    const isElsewhere = (sessionId: string): boolean => elsewhere.has(sessionId);
    await this.#store.rebuild(await bookingsOf(begunBefore(), { termsOf, ledgerId, nowMs, isElsewhere }));
  }

  /** @throws the error if it is not the store's absence */
  #failed(error: unknown): void {
    if (!isAbsence(error)) throw error;
    const wasWell = this.#isWell;
    this.#presence.failed(error);
    this.#options.metrics.set("budget_store_away", 1);
    if (this.#presence.state === "lost") this.#leases.lost();
    if (wasWell) void this.tend();
  }

  #learn(call: ReserveCall, answer: Reserved | Refused | Closed): void {
    if (answer.kind === "closed") return;
    const standings = answer.kind === "reserved" ? answer.standings : answer.shortages;
    for (const { budget, account, amount } of call.lines) {
      if (this.#unstored.modeOf(budget) !== "Lease") continue;
      const standing = standings.find(({ budgetId }) => budgetId === budget.id);
      if (standing === undefined) continue;
      this.#leases.served({ budget, account }, standing, answer.kind === "refused" ? amount : undefined);
    }
    if (answer.kind === "refused") return;
    const lines = call.lines.flatMap(({ budget, account, amount }, index) => {
      const standing = answer.standings[index];
      if (standing === undefined) return [];
      return { budget, account, stored: amount, unstored: 0n, lease: undefined, standing };
    });
    const { sessionId, priceVersion } = call;
    this.#remember({ sessionId, priceVersion, inStore: true, lines, answers: new Map([[call.id, answer]]) });
  }

  #remember(session: ServedSession): void {
    const forgotten = this.#sessions.add(session);
    if (forgotten === undefined) return;
    const costs = forgotten.lines.map(({ stored, unstored }) => stored + unstored);
    this.#end(forgotten, costs);
    if (!forgotten.inStore) this.#book(forgotten.sessionId, restsOf(forgotten, costs));
  }

  #end({ sessionId, inStore, lines }: ServedSession, costs: readonly bigint[]): void {
    this.#sessions.end(sessionId);
    for (const [index, line] of lines.entries())
      line.lease?.settle(line.unstored, leasedPart(line, costs[index] ?? 0n, inStore), sessionId);
  }

  /** `otherwise` is booked when the store does not know the session any more, `expected` answered when it does not answer. */
  async #settleInStore<Expected extends Settled | UnknownSession>(
    call: SettleCall,
    otherwise: readonly Spending[],
    expected: Expected,
  ): Promise<Settled | UnknownSession> {
    if (this.#isWell) {
      try {
        const answer = await this.#store.settle(call);
        if (answer.kind === "settled" || otherwise.length === 0) return answer;
        this.#book(call.sessionId, otherwise);
        return expected;
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#wait({ kind: "settle", call, otherwise });
    return expected;
  }

  #book(sessionId: string, all: readonly Spending[]): void {
    const spendings = all.filter(({ amount }) => amount > 0n);
    if (spendings.length > 0) this.#wait({ kind: "book", sessionId, call: { id: `${sessionId}-book`, spendings } });
  }

  #wait(entry: JournalEntry): void {
    this.#journal.add(entry);
    if (this.#isWell) void this.tend();
  }
}

function grow({ lines, answers }: ServedSession, { id, amounts }: ExtendCall, answer: Reserved): void {
  // the same extension, sent twice at once
  if (answers.has(id)) return;
  answers.set(id, answer);
  for (const [index, line] of lines.entries()) {
    line.stored += amounts.find(({ budgetId }) => budgetId === line.budget.id)?.amount ?? 0n;
    line.standing = answer.standings[index] ?? line.standing;
  }
}

function storedAmounts(session: ServedSession, costs: readonly bigint[]) {
  return restsOf(session, costs).map(({ budget, amount }) => ({ budgetId: budget.id, amount }));
}

import { accountKey, change, freeAtMs, peakSums, type Slots, trim, windowSums } from "../accounts.ts";
import type {
  AccountQuery,
  BudgetStore,
  ExpireCall,
  ExpiredHold,
  ExtendCall,
  MeterCall,
  MeterState,
  Refused,
  ReserveCall,
  Reserved,
  ReserveLine,
  SettleCall,
  Settled,
  Shortage,
  Standing,
  UnknownSession,
} from "../budget-store.ts";
import { layoutOf, slotAt, spanOf } from "../budget-window.ts";
import { checkAmounts, checkReserveCall } from "../check-call.ts";
import { mostUsed, usedOf } from "../decisions.ts";
import { amountsOf, type Hold, type HoldLine, settledLines, settleLines } from "../hold.ts";
import { ExpiringMap } from "./expiring-map.ts";
import type { MemoryEntry, ReserveAnswer, Session } from "./memory-entry.ts";

type Asking = Pick<ReserveLine, "amount" | "leastRemaining">;

/** How long a session that is over is remembered, and one that expired: its owner may be back after a long pause. */
const rememberMs = 3_600_000;
const rememberExpiredMs = 86_400_000;

/** More that are over are not remembered: whoever asks an exhausted budget in a loop must not fill the memory. */
const maxOver = 100_000;

/**
 * Budgets in this process. What it knows is lost at a restart. It remembers a session that is over for an hour, as long as not more
 * than 100,000 others came after it.
 *
 * What it does follows from the calls and the clock alone, which is read through `nowMs` only: the embedded store depends on it.
 */
export class MemoryBudgetStore implements BudgetStore {
  readonly #nowMs: () => number;
  readonly #accounts: ExpiringMap<Slots>;
  /** Sessions that are open or expired: they have money to settle. */
  readonly #sessions: ExpiringMap<Session>;
  /** Sessions that were only refused, or are settled. */
  readonly #over: ExpiringMap<Session>;
  readonly #expiries: ExpiringMap<readonly ExpiredHold[]>;
  readonly #open = new Map<string, Hold>();
  /** While a snapshot is read: the slots that were made since, which it does not see. */
  #unseen: WeakSet<Slots> | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#accounts = new ExpiringMap(nowMs);
    this.#sessions = new ExpiringMap(nowMs);
    this.#over = new ExpiringMap(nowMs, maxOver);
    this.#expiries = new ExpiringMap(nowMs);
  }

  /** How many accounts and sessions it remembers. */
  get size(): { readonly accounts: number; readonly sessions: number } {
    return { accounts: this.#accounts.size, sessions: this.#sessions.size + this.#over.size };
  }

  // The operations are async so that a mistake of the caller rejects, as it does with a store that is elsewhere.

  async reserve(call: ReserveCall): Promise<ReserveAnswer> {
    checkReserveCall(call);
    const session = this.#session(call.sessionId);
    const known = session.answers.get(call.id);
    if (known !== undefined) return known;
    if (session.state.kind !== "asked") return { kind: "closed" };
    const now = this.#nowMs();
    const lines = call.lines.map(({ budget, account, amount }): HoldLine => {
      const layout = layoutOf(budget.window);
      const key = accountKey(budget.id, account, budget.window);
      return { budget, account, layout, key, slot: slotAt(budget.window, now), amount };
    });
    const { refusing, wouldRefuse } = this.#shortages(lines, call.lines, true);
    if (refusing.length > 0) {
      const answer: Refused = { kind: "refused", shortages: refusing };
      this.#remember(call.sessionId, answered(session, call.id, answer));
      return answer;
    }
    for (const line of lines) {
      const slots = this.#slots(line);
      trim(slots, line.layout);
      change(slots, line.slot.startMs, { spent: 0n, held: line.amount, overrun: 0n });
    }
    const { owner, priceVersion, timeToLiveMs } = call;
    const hold: Hold = { owner, priceVersion, expiresAtMs: now + timeToLiveMs, lines, metered: undefined };
    this.#open.set(call.sessionId, hold);
    const answer = this.#reserved(lines, wouldRefuse);
    this.#remember(call.sessionId, answered({ ...session, state: { kind: "open" } }, call.id, answer));
    return answer;
  }

  async extend(call: ExtendCall): Promise<ReserveAnswer> {
    const asked = checkAmounts(call.amounts);
    const session = this.#session(call.sessionId);
    const known = session.answers.get(call.id);
    if (known !== undefined) return known;
    if (session.state.kind === "asked") {
      // overtook its reservation: it stays without effect when it is repeated after it
      this.#remember(call.sessionId, answered(session, call.id, { kind: "closed" }));
    }
    const hold = this.#open.get(call.sessionId);
    if (hold === undefined) return { kind: "closed" };
    const more = amountsOf(call.sessionId, hold, asked).map((amount) => ({ amount }));
    const { refusing, wouldRefuse } = this.#shortages(hold.lines, more, false);
    const answer: Reserved | Refused =
      refusing.length > 0
        ? { kind: "refused", shortages: refusing }
        : this.#grow(call.sessionId, hold, more, wouldRefuse);
    this.#remember(call.sessionId, answered(session, call.id, answer));
    return answer;
  }

  async meter(call: MeterCall): Promise<readonly MeterState[]> {
    const reports = call.sessions.map(({ sessionId, amounts }) => ({ sessionId, amounts: checkAmounts(amounts) }));
    // a mistake in one report must not leave the others half applied
    const inOrder = reports.map(({ sessionId, amounts }) => {
      const hold = this.#open.get(sessionId);
      return { sessionId, amounts: hold === undefined ? [] : amountsOf(sessionId, hold, amounts) };
    });
    return inOrder.map(({ sessionId, amounts }) => {
      const hold = this.#open.get(sessionId);
      if (hold === undefined) return "closed";
      for (const line of hold.lines) this.#slots(line); // an account with holds is not forgotten
      const metered = amounts.map((amount, index) => {
        const before = hold.metered?.[index] ?? 0n;
        return amount > before ? amount : before;
      });
      const expiresAtMs = Math.max(hold.expiresAtMs, this.#nowMs() + call.timeToLiveMs);
      this.#open.set(sessionId, { ...hold, metered, expiresAtMs });
      return "open";
    });
  }

  async settle(call: SettleCall): Promise<Settled | UnknownSession> {
    const given = checkAmounts(call.amounts);
    const session = this.#session(call.sessionId);
    const { state } = session;
    if (state.kind === "closed") return state.answer;
    let answer: Settled | UnknownSession = { kind: "unknown" };
    const late = state.kind === "expired";
    const hold = late ? state.hold : this.#open.get(call.sessionId);
    if (hold !== undefined) {
      const amounts = amountsOf(call.sessionId, hold, given);
      const lines = settleLines(hold, amounts, late, (line) => this.#slots(line));
      const standings = lines.map((line) => this.#standing(line));
      answer = { kind: "settled", late, priceVersion: hold.priceVersion, lines: settledLines(lines), standings };
    }
    this.#open.delete(call.sessionId);
    this.#remember(call.sessionId, { ...session, state: { kind: "closed", answer } });
    return answer;
  }

  async expire(call: ExpireCall): Promise<readonly ExpiredHold[]> {
    const known = this.#expiries.get(call.id);
    if (known !== undefined) return known;
    const now = this.#nowMs();
    const expired: ExpiredHold[] = [];
    for (const [sessionId, hold] of this.#open) {
      if (expired.length >= call.maxHolds) break;
      if (hold.expiresAtMs > now) continue;
      const amounts = hold.metered ?? hold.lines.map(({ amount }) => amount);
      const lines = settleLines(hold, amounts, false, (line) => this.#slots(line));
      this.#open.delete(sessionId);
      this.#remember(sessionId, { ...this.#session(sessionId), state: { kind: "expired", hold: { ...hold, lines } } });
      const verdict = hold.metered === undefined ? "unknown" : "metered";
      const { owner, priceVersion } = hold;
      expired.push({ sessionId, owner, priceVersion, verdict, lines: settledLines(lines) });
    }
    if (expired.length > 0) this.#expiries.set(call.id, expired, rememberMs);
    return expired;
  }

  async read(accounts: readonly AccountQuery[]): Promise<readonly Standing[]> {
    const now = this.#nowMs();
    return accounts.map(({ budget, account, atMs }) => {
      const layout = layoutOf(budget.window);
      const slots = this.#accounts.get(accountKey(budget.id, account, budget.window)) ?? new Map();
      const slot = slotAt(budget.window, atMs ?? now);
      const window = spanOf(slot, layout);
      return { budgetId: budget.id, account, window, limit: budget.limit, ...windowSums(slots, slot, layout) };
    });
  }

  async close(): Promise<void> {}

  /** Whether `expire` would settle something. */
  get due(): boolean {
    const now = this.#nowMs();
    for (const { expiresAtMs } of this.#open.values()) if (expiresAtMs <= now) return true;
    return false;
  }

  /** Everything that it knows as of this call, whatever happens until it is read to its end. One at a time. */
  snapshot(): Iterable<MemoryEntry> {
    const parts = [
      entriesOf("account", this.#accounts.entries()),
      entriesOf("session", [...this.#over.entries(), ...this.#sessions.entries()]),
      entriesOf("expiry", this.#expiries.entries()),
      // in their order, which `expire` follows
      entriesOf(
        "hold",
        Array.from(this.#open, ([key, value]) => ({ key, value })),
      ),
    ];
    this.#unseen = new WeakSet();
    return this.#read(parts);
  }

  /** Takes back what `snapshot` gave, entry by entry; nothing must have been asked of the store before. */
  restore(entry: MemoryEntry): void {
    if (entry.kind === "account") this.#accounts.restore(entry);
    else if (entry.kind === "hold") this.#open.set(entry.key, entry.value);
    else if (entry.kind === "expiry") this.#expiries.restore(entry);
    else this.#placeOf(entry.value).restore(entry);
  }

  *#read(parts: readonly Iterable<MemoryEntry>[]): Generator<MemoryEntry> {
    try {
      for (const part of parts) yield* part;
    } finally {
      this.#unseen = undefined;
    }
  }

  #session(sessionId: string): Session {
    const known = this.#sessions.get(sessionId) ?? this.#over.get(sessionId);
    return known ?? { state: { kind: "asked" }, answers: new Map() };
  }

  #placeOf({ state }: Session): ExpiringMap<Session> {
    return state.kind === "open" || state.kind === "expired" ? this.#sessions : this.#over;
  }

  #remember(sessionId: string, session: Session): void {
    const { kind } = session.state;
    this.#sessions.delete(sessionId);
    this.#over.delete(sessionId);
    const keepMs = kind === "open" ? undefined : kind === "expired" ? rememberExpiredMs : rememberMs;
    this.#placeOf(session).set(sessionId, session, keepMs);
    this.#sessions.sweep();
    this.#over.sweep();
  }

  #grow(sessionId: string, hold: Hold, more: readonly Asking[], wouldRefuse: readonly Shortage[]): Reserved {
    const lines = hold.lines.map((line, index) => {
      const amount = more[index]?.amount ?? 0n;
      change(this.#slots(line), line.slot.startMs, { spent: 0n, held: amount, overrun: 0n });
      return { ...line, amount: line.amount + amount };
    });
    this.#open.set(sessionId, { ...hold, lines });
    return this.#reserved(lines, wouldRefuse);
  }

  #reserved(lines: readonly HoldLine[], wouldRefuse: readonly Shortage[]): Reserved {
    return { kind: "reserved", standings: lines.map((line) => this.#standing(line)), wouldRefuse };
  }

  #shortages(lines: readonly HoldLine[], asking: readonly Asking[], first: boolean) {
    const refusing: Shortage[] = [];
    const wouldRefuse: Shortage[] = [];
    for (const [index, line] of lines.entries()) {
      const { enforcement, limit } = line.budget;
      const { amount: asked = 0n, leastRemaining } = asking[index] ?? {};
      const standing = this.#standing(line);
      const bound = mostUsed(enforcement, asked, limit, leastRemaining);
      // what a Soft budget lets begin is let go on
      if (usedOf(standing) <= bound || (enforcement === "Soft" && !first)) continue;
      const passesAtMs = first && bound >= 0n ? freeAtMs(this.#slots(line), line.slot, line.layout, bound) : undefined;
      (enforcement === "Shadow" ? wouldRefuse : refusing).push({ ...standing, asked, passesAtMs });
    }
    return { refusing, wouldRefuse };
  }

  #standing({ budget, account, slot, layout, key }: HoldLine): Standing {
    const sums = peakSums(this.#accounts.get(key) ?? new Map(), slot, layout);
    return { budgetId: budget.id, account, window: spanOf(slot, layout), limit: budget.limit, ...sums };
  }

  #slots({ key, layout }: HoldLine): Slots {
    const known = this.#accounts.get(key);
    const seen = this.#unseen !== undefined && known !== undefined && !this.#unseen.has(known);
    const slots: Slots = seen || known === undefined ? new Map(known) : known;
    this.#unseen?.add(slots);
    this.#accounts.set(key, slots, layout.keepMs);
    return slots;
  }
}

function answered(session: Session, id: string, answer: ReserveAnswer): Session {
  return { ...session, answers: new Map(session.answers).set(id, answer) };
}

function* entriesOf<Kind extends MemoryEntry["kind"], Entry extends object>(
  kind: Kind,
  entries: readonly Entry[],
): Generator<{ readonly kind: Kind } & Entry> {
  for (const entry of entries) yield { kind, ...entry };
}

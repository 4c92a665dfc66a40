import { accountKey, change, freeAtMs, peakSums, type Slots, trim, windowSums } from "../accounts.ts";
import type {
  AccountQuery,
  BudgetStore,
  Closed,
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

type ReserveAnswer = Reserved | Refused | Closed;

type Asking = Pick<ReserveLine, "amount" | "leastRemaining">;

/** What is remembered of a session. */
type SessionState =
  | { readonly kind: "asked" }
  | { readonly kind: "open"; readonly hold: Hold }
  | { readonly kind: "expired"; readonly hold: Hold }
  | { readonly kind: "closed"; readonly answer: Settled | UnknownSession };

interface Session {
  state: SessionState;
  /** Answers of reserve and extend by the id of the operation. */
  readonly answers: Map<string, ReserveAnswer>;
}

/** How long a session that is over is remembered, and one that expired: its owner may be back after a long pause. */
const rememberMs = 3_600_000;
const rememberExpiredMs = 86_400_000;

/** Budgets in this process. What it knows is lost at a restart. */
export class MemoryBudgetStore implements BudgetStore {
  readonly #nowMs: () => number;
  readonly #accounts: ExpiringMap<Slots>;
  readonly #sessions: ExpiringMap<Session>;
  readonly #expiries: ExpiringMap<readonly ExpiredHold[]>;
  readonly #open = new Map<string, Hold>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#accounts = new ExpiringMap(nowMs);
    this.#sessions = new ExpiringMap(nowMs);
    this.#expiries = new ExpiringMap(nowMs);
  }

  /** How many accounts and sessions it remembers. */
  get size(): { readonly accounts: number; readonly sessions: number } {
    return { accounts: this.#accounts.size, sessions: this.#sessions.size };
  }

  // The operations are async so that a mistake of the caller rejects, as it does with a store that is elsewhere.

  async reserve(call: ReserveCall): Promise<ReserveAnswer> {
    checkReserveCall(call);
    const session: Session = this.#sessions.get(call.sessionId) ?? { state: { kind: "asked" }, answers: new Map() };
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
      session.answers.set(call.id, answer);
      this.#sessions.set(call.sessionId, session, rememberMs);
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
    session.state = { kind: "open", hold };
    const answer = this.#reserved(lines, wouldRefuse);
    session.answers.set(call.id, answer);
    this.#sessions.set(call.sessionId, session, undefined);
    return answer;
  }

  async extend(call: ExtendCall): Promise<ReserveAnswer> {
    const asked = checkAmounts(call.amounts);
    const session: Session = this.#sessions.get(call.sessionId) ?? { state: { kind: "asked" }, answers: new Map() };
    const known = session.answers.get(call.id);
    if (known !== undefined) return known;
    if (session.state.kind === "asked") {
      // overtook its reservation: it stays without effect when it is repeated after it
      session.answers.set(call.id, { kind: "closed" });
      this.#sessions.set(call.sessionId, session, rememberMs);
    }
    if (session.state.kind !== "open") return { kind: "closed" };
    const { hold } = session.state;
    const more = amountsOf(call.sessionId, hold, asked).map((amount) => ({ amount }));
    const { refusing, wouldRefuse } = this.#shortages(hold.lines, more, false);
    const answer: Reserved | Refused =
      refusing.length > 0 ? { kind: "refused", shortages: refusing } : this.#grow(hold, more, wouldRefuse);
    session.answers.set(call.id, answer);
    return answer;
  }

  async meter(call: MeterCall): Promise<readonly MeterState[]> {
    const reports = call.sessions.map(({ sessionId, amounts }) => ({ sessionId, amounts: checkAmounts(amounts) }));
    // a mistake in one report must not leave the others half applied
    const holds = reports.map(({ sessionId, amounts }) => {
      const hold = this.#open.get(sessionId);
      return hold === undefined ? undefined : { hold, amounts: amountsOf(sessionId, hold, amounts) };
    });
    return holds.map((report) => {
      if (report === undefined) return "closed";
      const { hold, amounts } = report;
      for (const line of hold.lines) this.#slots(line); // an account with holds is not forgotten
      hold.metered = amounts.map((amount, index) => {
        const before = hold.metered?.[index] ?? 0n;
        return amount > before ? amount : before;
      });
      hold.expiresAtMs = Math.max(hold.expiresAtMs, this.#nowMs() + call.timeToLiveMs);
      return "open";
    });
  }

  async settle(call: SettleCall): Promise<Settled | UnknownSession> {
    const given = checkAmounts(call.amounts);
    const session: Session = this.#sessions.get(call.sessionId) ?? { state: { kind: "asked" }, answers: new Map() };
    const { state } = session;
    if (state.kind === "closed") return state.answer;
    let answer: Settled | UnknownSession = { kind: "unknown" };
    if (state.kind !== "asked") {
      const late = state.kind === "expired";
      const amounts = amountsOf(call.sessionId, state.hold, given);
      const lines = settleLines(state.hold, amounts, late, (line) => this.#slots(line));
      const standings = lines.map((line) => this.#standing(line));
      answer = { kind: "settled", late, priceVersion: state.hold.priceVersion, lines: settledLines(lines), standings };
    }
    this.#open.delete(call.sessionId);
    session.state = { kind: "closed", answer };
    this.#sessions.set(call.sessionId, session, rememberMs);
    return answer;
  }

  async expire(call: ExpireCall): Promise<readonly ExpiredHold[]> {
    const known = this.#expiries.get(call.id);
    if (known !== undefined) return known;
    const now = this.#nowMs();
    const expired: ExpiredHold[] = [];
    for (const [sessionId, hold] of this.#open) {
      if (expired.length >= call.maxHolds) break;
      const session = this.#sessions.get(sessionId);
      if (hold.expiresAtMs > now || session === undefined) continue;
      const amounts = hold.metered ?? hold.lines.map(({ amount }) => amount);
      hold.lines = settleLines(hold, amounts, false, (line) => this.#slots(line));
      this.#open.delete(sessionId);
      session.state = { kind: "expired", hold };
      this.#sessions.set(sessionId, session, rememberExpiredMs);
      const verdict = hold.metered === undefined ? "unknown" : "metered";
      const { owner, priceVersion } = hold;
      expired.push({ sessionId, owner, priceVersion, verdict, lines: settledLines(hold.lines) });
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

  #grow(hold: Hold, more: readonly Asking[], wouldRefuse: readonly Shortage[]): Reserved {
    hold.lines = hold.lines.map((line, index) => {
      const amount = more[index]?.amount ?? 0n;
      change(this.#slots(line), line.slot.startMs, { spent: 0n, held: amount, overrun: 0n });
      return { ...line, amount: line.amount + amount };
    });
    return this.#reserved(hold.lines, wouldRefuse);
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
    const slots = this.#accounts.get(key) ?? new Map();
    this.#accounts.set(key, slots, layout.keepMs);
    return slots;
  }
}

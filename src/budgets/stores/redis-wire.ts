import { accountKey } from "../accounts.ts";
import type { Spending } from "../booking.ts";
import type {
  AccountQuery,
  BudgetAccount,
  ExpiredHold,
  Reserved,
  ReserveLine,
  Settled,
  SettledLine,
  Shortage,
  Standing,
} from "../budget-store.ts";
import { layoutOf, slotsAround } from "../budget-window.ts";

/** Lua has one kind of table: an empty list comes as `{}`. */
type WireList<T> = readonly T[] | Readonly<Record<string, never>>;

interface WireStanding {
  readonly budget: string;
  readonly account: string;
  readonly start: number;
  readonly finish: number;
  readonly limit: string;
  readonly spent: string;
  readonly held: string;
  readonly overrun: string;
}

interface WireShortage extends WireStanding {
  readonly asked: string;
  readonly passes?: number;
}

interface WireSettledLine {
  readonly budget: string;
  readonly account: string;
  readonly spent: string;
  readonly overrun: string;
  readonly start: number;
  readonly finish: number;
}

interface WireExpired {
  readonly session: string;
  readonly owner: string;
  readonly price: string;
  readonly verdict: "metered" | "unknown";
  readonly lines: WireList<WireSettledLine>;
}

/** What the scripts of redis-scripts.ts answer. */
export type WireAnswer =
  | { readonly kind: "clock"; readonly now: number }
  | { readonly kind: "lost" }
  | { readonly kind: "closed" }
  | { readonly kind: "booked" }
  | { readonly kind: "unknown" }
  | { readonly kind: "mismatch"; readonly session?: string }
  | { readonly kind: "refused"; readonly shortages: WireList<WireShortage> }
  | {
      readonly kind: "reserved";
      readonly standings: WireList<WireStanding>;
      readonly would: WireList<WireShortage>;
    }
  | { readonly kind: "metered"; readonly states: WireList<"open" | "closed"> }
  | {
      readonly kind: "settled";
      readonly late: boolean;
      readonly price: string;
      readonly lines: WireList<WireSettledLine>;
      readonly standings: WireList<WireStanding>;
    }
  | { readonly kind: "expired"; readonly holds: WireList<WireExpired> }
  | { readonly kind: "standings"; readonly standings: WireList<WireStanding> };

/** The one place that parses them. They come from our own scripts, so their shape is trusted. */
export function parseAnswer(text: string): WireAnswer {
  return JSON.parse(text) as WireAnswer;
}

function list<T>(wire: WireList<T>): readonly T[] {
  return Array.isArray(wire) ? (wire as readonly T[]) : [];
}

/** A budget of a call, with the slots among which the store finds the one that its clock is in. */
function encodeAccount({ budget, account }: BudgetAccount, nowMs: number) {
  return {
    budget: budget.id,
    account,
    key: accountKey(budget.id, account, budget.window),
    limit: String(budget.limit),
    enforcement: budget.enforcement,
    slots: slotsAround(budget.window, nowMs).map(({ startMs, endMs }) => [startMs, endMs]),
    ...layoutOf(budget.window),
  };
}

export function encodeLine(line: ReserveLine, nowMs: number) {
  const { amount, leastRemaining } = line;
  return {
    ...encodeAccount(line, nowMs),
    amount: String(amount),
    ...(leastRemaining === undefined ? {} : { leastRemaining: String(leastRemaining) }),
  };
}

export function encodeQuery(query: AccountQuery, nowMs: number) {
  return { ...encodeAccount(query, query.atMs ?? nowMs), ...(query.atMs === undefined ? {} : { at: query.atMs }) };
}

export function encodeSpending(spending: Spending) {
  const { atMs, amount } = spending;
  return { ...encodeAccount(spending, atMs), at: atMs, amount: String(amount) };
}

export function encodeAmounts(amounts: ReadonlyMap<string, bigint>): Readonly<Record<string, string>> {
  return Object.fromEntries([...amounts].map(([budgetId, amount]) => [budgetId, String(amount)]));
}

function decodeStanding(wire: WireStanding): Standing {
  return {
    budgetId: wire.budget,
    account: wire.account,
    window: { startMs: wire.start, endMs: wire.finish },
    limit: BigInt(wire.limit),
    spent: BigInt(wire.spent),
    held: BigInt(wire.held),
    overrun: BigInt(wire.overrun),
  };
}

function decodeLines(wire: WireList<WireSettledLine>): readonly SettledLine[] {
  return list(wire).map(({ budget, account, spent, overrun, start, finish }) => ({
    budgetId: budget,
    account,
    window: { startMs: start, endMs: finish },
    spent: BigInt(spent),
    overrun: BigInt(overrun),
  }));
}

export function decodeStandings(wire: WireList<WireStanding>): readonly Standing[] {
  return list(wire).map(decodeStanding);
}

export function decodeShortages(wire: WireList<WireShortage>): readonly Shortage[] {
  return list(wire).map((shortage) => ({
    ...decodeStanding(shortage),
    asked: BigInt(shortage.asked),
    passesAtMs: shortage.passes,
  }));
}

export function decodeReserved({ standings, would }: WireAnswer & { readonly kind: "reserved" }): Reserved {
  return { kind: "reserved", standings: decodeStandings(standings), wouldRefuse: decodeShortages(would) };
}

export function decodeSettled(wire: WireAnswer & { readonly kind: "settled" }): Settled {
  return {
    kind: "settled",
    late: wire.late,
    priceVersion: wire.price,
    lines: decodeLines(wire.lines),
    standings: decodeStandings(wire.standings),
  };
}

export function decodeExpired(holds: WireList<WireExpired>): readonly ExpiredHold[] {
  return list(holds).map(({ session, owner, price, verdict, lines }) => ({
    sessionId: session,
    owner,
    priceVersion: price,
    verdict,
    lines: decodeLines(lines),
  }));
}

export function decodeStates(states: WireList<"open" | "closed">): readonly ("open" | "closed")[] {
  return list(states);
}

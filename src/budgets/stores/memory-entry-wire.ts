import { accountKey, type Slots } from "../accounts.ts";
import type { ExpiredHold, Settled, SettledLine, Shortage, Standing, UnknownSession } from "../budget-store.ts";
import { layoutOf } from "../budget-window.ts";
import type { Sums } from "../decisions.ts";
import type { Hold, HoldLine } from "../hold.ts";
import type { LedgerRecord } from "../ledger/segment.ts";
import type { MemoryEntry, ReserveAnswer, Session } from "./memory-entry.ts";
import { decodeTerms } from "./operation-wire.ts";
import type { Wire } from "./wire.ts";

/** A hold without what follows from its budgets. */
type PlainHold = Omit<Hold, "lines"> & { readonly lines: readonly Omit<HoldLine, "key" | "layout">[] };
type PlainState =
  | { readonly kind: "asked" | "open" }
  | { readonly kind: "expired"; readonly hold: PlainHold }
  | { readonly kind: "closed"; readonly answer: Settled | UnknownSession };

interface PlainSlot extends Sums {
  readonly startMs: number;
}

/** A MemoryEntry in plain data; `untilMs` null = infinity. Maps are lists, because their order matters. */
export type PlainEntry =
  | {
      readonly kind: "account";
      readonly key: string;
      readonly untilMs: number | null;
      readonly slots: readonly PlainSlot[];
    }
  | {
      readonly kind: "session";
      readonly key: string;
      readonly untilMs: number | null;
      readonly state: PlainState;
      readonly answers: readonly { readonly id: string; readonly answer: ReserveAnswer }[];
    }
  | {
      readonly kind: "expiry";
      readonly key: string;
      readonly untilMs: number | null;
      readonly holds: readonly ExpiredHold[];
    }
  | { readonly kind: "hold"; readonly key: string; readonly hold: PlainHold };

export function encodeEntry(entry: MemoryEntry): PlainEntry & LedgerRecord {
  if (entry.kind === "hold") return { kind: entry.kind, key: entry.key, hold: plainHold(entry.value) };
  const { key } = entry;
  const untilMs = Number.isFinite(entry.untilMs) ? entry.untilMs : null;
  if (entry.kind === "account") return { kind: entry.kind, key, untilMs, slots: plainSlots(entry.value) };
  if (entry.kind === "expiry") return { kind: entry.kind, key, untilMs, holds: entry.value };
  const { state } = entry.value;
  const answers = Array.from(entry.value.answers, ([id, answer]) => ({ id, answer }));
  const plainState = state.kind === "expired" ? { ...state, hold: plainHold(state.hold) } : state;
  return { kind: entry.kind, key, untilMs, state: plainState, answers };
}

export function decodeEntry(wire: Wire<PlainEntry>): MemoryEntry {
  const { key } = wire;
  if (wire.kind === "hold") return { kind: wire.kind, key, value: decodeHold(wire.hold) };
  const untilMs = wire.untilMs ?? Number.POSITIVE_INFINITY;
  switch (wire.kind) {
    case "account":
      return { kind: wire.kind, key, untilMs, value: decodeSlots(wire.slots) };
    case "expiry":
      return { kind: wire.kind, key, untilMs, value: wire.holds.map(decodeExpired) };
    case "session": {
      const answers = new Map(wire.answers.map(({ id, answer }) => [id, decodeAnswer(answer)]));
      return { kind: wire.kind, key, untilMs, value: { state: decodeState(wire.state), answers } };
    }
  }
}

function plainSlots(slots: Slots): readonly PlainSlot[] {
  return Array.from(slots, ([startMs, sums]) => ({ startMs, ...sums }));
}

function decodeSlots(wire: readonly Wire<PlainSlot>[]): Slots {
  return new Map(wire.map((slot) => [slot.startMs, decodeSums(slot)]));
}

function plainHold({ lines, ...hold }: Hold): PlainHold {
  return { ...hold, lines: lines.map(({ key, layout, ...line }) => line) };
}

function decodeHold({ lines, metered, ...hold }: Wire<PlainHold>): Hold {
  return { ...hold, lines: lines.map(decodeHoldLine), metered: metered?.map(BigInt) };
}

function decodeHoldLine({ budget: terms, account, slot, amount, booked }: Wire<PlainHold["lines"][number]>): HoldLine {
  const budget = decodeTerms(terms);
  return {
    budget,
    account,
    key: accountKey(budget.id, account, budget.window),
    layout: layoutOf(budget.window),
    slot,
    amount: BigInt(amount),
    ...(booked === undefined ? {} : { booked: { spent: BigInt(booked.spent), overrun: BigInt(booked.overrun) } }),
  };
}

function decodeState(wire: Wire<PlainState>): Session["state"] {
  if (wire.kind === "expired") return { kind: wire.kind, hold: decodeHold(wire.hold) };
  if (wire.kind !== "closed") return { kind: wire.kind };
  const { answer } = wire;
  if (answer.kind === "unknown") return { kind: "closed", answer };
  const lines = answer.lines.map(decodeSettledLine);
  return { kind: "closed", answer: { ...answer, lines, standings: answer.standings.map(decodeStanding) } };
}

function decodeAnswer(wire: Wire<ReserveAnswer>): ReserveAnswer {
  if (wire.kind === "closed") return wire;
  if (wire.kind === "refused") return { kind: wire.kind, shortages: wire.shortages.map(decodeShortage) };
  const wouldRefuse = wire.wouldRefuse.map(decodeShortage);
  return { kind: wire.kind, standings: wire.standings.map(decodeStanding), wouldRefuse };
}

function decodeSums({ spent, held, overrun }: Wire<Sums>): Sums {
  return { spent: BigInt(spent), held: BigInt(held), overrun: BigInt(overrun) };
}

function decodeStanding(wire: Wire<Standing>): Standing {
  return { ...wire, limit: BigInt(wire.limit), ...decodeSums(wire) };
}

/** JSON leaves out what is undefined: `passesAtMs` is there again. */
function decodeShortage(wire: Wire<Shortage>): Shortage {
  const { asked, passesAtMs, ...standing } = wire;
  return { ...decodeStanding(standing), asked: BigInt(asked), passesAtMs };
}

function decodeSettledLine(wire: Wire<SettledLine>): SettledLine {
  return { ...wire, spent: BigInt(wire.spent), overrun: BigInt(wire.overrun) };
}

function decodeExpired(wire: Wire<ExpiredHold>): ExpiredHold {
  return { ...wire, lines: wire.lines.map(decodeSettledLine) };
}

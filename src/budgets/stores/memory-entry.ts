import type { Slots } from "../accounts.ts";
import type { Closed, ExpiredHold, Refused, Reserved, Settled, UnknownSession } from "../budget-store.ts";
import type { Hold } from "../hold.ts";
import type { ExpiringEntry } from "./expiring-map.ts";

export type ReserveAnswer = Reserved | Refused | Closed;

/** What is remembered of a session; the hold of an open one is kept apart. */
export type SessionState =
  | { readonly kind: "asked" }
  | { readonly kind: "open" }
  | { readonly kind: "expired"; readonly hold: Hold }
  | { readonly kind: "closed"; readonly answer: Settled | UnknownSession };

export interface Session {
  readonly state: SessionState;
  /** Answers of reserve and extend by the id of the operation. */
  readonly answers: ReadonlyMap<string, ReserveAnswer>;
}

/** A part of what a MemoryBudgetStore knows. All of them, in their order, are the whole. */
export type MemoryEntry =
  | ({ readonly kind: "account" } & ExpiringEntry<Slots>)
  | ({ readonly kind: "session" } & ExpiringEntry<Session>)
  | ({ readonly kind: "expiry" } & ExpiringEntry<readonly ExpiredHold[]>)
  | { readonly kind: "hold"; readonly key: string; readonly value: Hold };

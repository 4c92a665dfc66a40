import type { WindowUnit } from "../lib/windows.ts";

export type BudgetWindow =
  | { readonly kind: "calendar"; readonly every: Exclude<WindowUnit, "Second">; readonly timeZone: string }
  | { readonly kind: "rolling"; readonly lengthMs: number };

/**
 * Hard: reserved before, refused when it does not fit. Soft: refused when the estimate does not fit, but whatever is spent in
 * the end is booked. Shadow: as Soft, and never refused.
 */
export type Enforcement = "Hard" | "Soft" | "Shadow";

/** What a budget counts: integer nano-USD, total tokens, or the values of a cost rule. */
export type BudgetUnit =
  | { readonly kind: "USD" }
  | { readonly kind: "Tokens" }
  | { readonly kind: "Cost"; readonly metadataKey: string };

/** A request that a budget is for. Names in lower case; `model` is the requested one, or its beginning before a `*` at the end. */
export type BudgetMatch =
  | { readonly kind: "header"; readonly name: string; readonly value: string }
  | { readonly kind: "model"; readonly model: string };

/** What happens while less than a part of the limit remains (limits.md L35). */
export type BudgetTier = { readonly remainingBelowPercent: number } & (
  | { readonly action: "Downgrade"; readonly model: string }
  | { readonly action: "Reject" }
  | { readonly action: "Queue"; readonly maxWaitMs: number }
);

/** A compiled Budget (limits.md §3). */
export interface BudgetRule {
  /** `<namespace>/<name>`. */
  readonly id: string;
  /** Headers whose values name the account, in the order written, in lower case; none = one account for all. */
  readonly subject: readonly string[];
  /** ANDed; empty = every request of its routes. */
  readonly match: readonly BudgetMatch[];
  /** In the unit's smallest: nano-USD, tokens, or what the cost rule counts. */
  readonly limit: bigint;
  readonly unit: BudgetUnit;
  readonly window: BudgetWindow;
  readonly enforcement: Enforcement;
  /** What is asked for before a request. `Learned` (Soft and Shadow only): what requests of this account came to. */
  readonly estimate: "UpperBound" | "Learned";
  /** The lowest threshold first: the first that applies counts. */
  readonly tiers: readonly BudgetTier[];
  readonly onStoreFailure: "Allow" | "Deny" | "Lease";
  /** For budgets in USD: what happens to a model without a price (limits.md L30). */
  readonly unknownPrice: "Allow" | "Deny" | "WorstCase";
}

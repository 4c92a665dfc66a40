import type { BudgetUnit } from "./budget.ts";
import type { TokenUsage } from "./usage.ts";

/**
 * What became of one try at one backend. `billed`: the provider told what it used. `free`: it used nothing (refused, never reached,
 * an error answer). `unknown`: it may have used something, and nobody will tell how much.
 */
export type Verdict = "billed" | "free" | "unknown";

export interface AttemptRecord {
  readonly backend: string;
  /** As `Backend.providerName` has it. */
  readonly provider: string;
  /** As it was named upstream. */
  readonly model: string;
  readonly verdict: Verdict;
  /** Told, or estimated where `estimated` says so; undefined = free. */
  readonly usage: TokenUsage | undefined;
  readonly estimated: boolean;
  /** By the price table of the record; what is estimated is an upper bound when a Hard budget pays for it. */
  readonly costNanoUsd: number;
  /** The model has no price: the dearest known rates stand for it. */
  readonly unpriced: boolean;
}

/** What a request did to one budget. Amounts in the budget's unit, as decimal text (they may be above 2^53). */
export interface BudgetRecord {
  readonly budget: string;
  /** See budgets/account-name.ts: the subject's values. */
  readonly account: string;
  readonly unit: BudgetUnit;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly limit: string;
  /** What the request asked for before it was sent. */
  readonly held: string;
  readonly spent: string;
  readonly overrun: string;
  /** After the request, as far as this process knew. */
  readonly remaining: string;
  /** The budget that refused it. */
  readonly refused: boolean;
  /** When a refused request passes if nothing else is spent; undefined = not refused, or never. */
  readonly passesAtMs?: number | undefined;
}

/** One client request as the ledger keeps it: written once, at its end. Receipts, `explain` and `replay` are made from it. */
export interface RequestRecord {
  readonly type: "request";
  readonly session: string;
  /** The client's own label; it may be anything. */
  readonly requestId: string | undefined;
  readonly startedMs: number;
  readonly durationMs: number;
  readonly api: string;
  readonly stream: boolean;
  readonly route: string | undefined;
  /** Before a budget's tier changed it. */
  readonly requestedModel: string | undefined;
  readonly model: string | undefined;
  /** The values of trusted identity headers, and of headers that budgets name. */
  readonly identity: Readonly<Record<string, string>>;
  readonly outcome: string;
  /** Error code of a request that was refused or failed. */
  readonly code: string | undefined;
  /** What the client was told of it. */
  readonly message?: string | undefined;
  readonly status: number | undefined;
  /** Upper bounds before the call; undefined = the request did not come that far. */
  readonly bound: { readonly inputTokens: number; readonly outputTokens: number } | undefined;
  readonly attempts: readonly AttemptRecord[];
  readonly costNanoUsd: number;
  readonly priceVersion: string;
  readonly budgets: readonly BudgetRecord[];
  /** Values of the cost rules, by metadata key. */
  readonly costs: Readonly<Record<string, number>>;
}

/** A hold whose owner vanished, settled by whoever came across it. */
export interface ExpiredRecord {
  readonly type: "expired";
  readonly session: string;
  readonly owner: string;
  readonly atMs: number;
  /** `metered`: booked at what was metered last. `unknown`: booked whole. */
  readonly verdict: "metered" | "unknown";
  readonly priceVersion: string;
  readonly budgets: readonly {
    readonly budget: string;
    readonly account: string;
    readonly spent: string;
    readonly overrun: string;
  }[];
}

export type LedgerEntry = RequestRecord | ExpiredRecord;

/** Where requests are kept after their end (limits.md L37). Implementations in budgets/ledger/stores/. */
export interface Ledger {
  /** How much is kept, in words that follow "receipts are kept for": `the last 10,000 requests, until the gateway ends`. */
  readonly kept: string;
  /** Keeps an entry; never throws and never blocks: what could not be kept is counted. */
  append(entry: LedgerEntry): void;
  /** By session id, or by the client's request id (the newest of them). */
  find(id: string): Promise<RequestRecord | undefined>;
  /** Everything that is kept, oldest first. */
  entries(): AsyncIterable<LedgerEntry>;
  close(): Promise<void>;
}

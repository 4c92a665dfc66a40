import type { RequestRecord } from "../../core/request-record.ts";

/** Codes of requests that limits and budgets refused, or that nobody could decide about. */
const refusalCodes: ReadonlySet<string> = new Set([
  "budget_exceeded",
  "token_budget_exceeded",
  "quota_exceeded",
  "unknown_price",
  "store_unavailable",
  "budget_store_unavailable",
]);

/** Whether limits or budgets refused a request before anything of it was sent. */
export function wasRefused({ outcome, code, budgets, attempts }: RequestRecord): boolean {
  if (attempts.some(({ usage }) => usage !== undefined)) return false;
  return outcome === "limited" || budgets.some(({ refused }) => refused) || refusalCodes.has(code ?? "");
}

/** Whether it was refused for what it was: an unknown model, no JSON. No budget would change that. */
export function wasRejected(record: RequestRecord): boolean {
  return record.outcome === "rejected" && !wasRefused(record);
}

/** What the replay is not sure of, for the notes of its report. */
export interface Doubts {
  /** What it used is not known: it was refused. Its upper bound stands for it, or nothing. */
  readonly usage?: "bound" | "nothing";
  /** Its upper bound was not recorded: what it came to stands for it. */
  readonly bound?: true;
  /** Nobody told the end of one of its attempts: what was recorded is the most that it can have used. */
  readonly unknown?: true;
  /** The upstream model that has no price. */
  readonly unpriced?: string;
  /** No route of the policy serves it. */
  readonly unserved?: true;
  /** It waited for a budget. */
  readonly waited?: true;
}

/** What a policy makes of a recorded request. */
export interface Replayed {
  readonly record: RequestRecord;
  /** Undefined = served; else the id of the budget or the label of the limit that refuses, or why it is refused. */
  readonly refusedBy: string | undefined;
  /** What a budget's tier made of the model; undefined = the requested one. */
  readonly downgradedTo: string | undefined;
  readonly costNanoUsd: number;
  readonly doubts: Doubts;
}

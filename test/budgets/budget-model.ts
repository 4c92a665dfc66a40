import type { BudgetTerms, Standing } from "../../src/budgets/budget-store.ts";

/** What a session is known to hold on one budget, or to have cost. */
export interface ModelLine {
  readonly budget: BudgetTerms;
  readonly account: string;
  readonly reservedMs: number;
  held: bigint;
  metered: bigint | undefined;
  /** undefined = not settled. */
  final: bigint | undefined;
}

export interface ModelSession {
  state: "new" | "open" | "expired" | "closed";
  lines: ModelLine[];
  expiresAtMs: number;
}

/**
 * What budgets have to be, written down as plainly as can be and with nothing of the product's code: a list of sessions. What is
 * used in a window is the sum of what open sessions hold and the others cost.
 */
export class BudgetModel {
  readonly sessions = new Map<string, ModelSession>();

  session(id: string): ModelSession {
    const known = this.sessions.get(id);
    if (known !== undefined) return known;
    const made: ModelSession = { state: "new", lines: [], expiresAtMs: 0 };
    this.sessions.set(id, made);
    return made;
  }

  /** What the window of that time has used. */
  used(budget: BudgetTerms, account: string, atMs: number): bigint {
    let used = 0n;
    for (const { lines } of this.sessions.values()) {
      for (const line of lines) {
        if (line.budget !== budget || line.account !== account || !inWindow(budget, line.reservedMs, atMs)) continue;
        used += line.final ?? line.held;
      }
    }
    return used;
  }

  /** What the fullest of the windows has used that a reservation of that time belongs to. */
  peak(budget: BudgetTerms, account: string, reservedMs: number): bigint {
    if (budget.window.kind === "calendar") return this.used(budget, account, reservedMs);
    let peak = 0n;
    for (let bucket = 0; bucket <= 60; bucket++) {
      const used = this.used(budget, account, reservedMs + bucket * (budget.window.lengthMs / 60));
      if (used > peak) peak = used;
    }
    return peak;
  }

  /** Whether the budget refuses. */
  refuses(budget: BudgetTerms, used: bigint, asked: bigint): boolean {
    if (budget.enforcement === "Shadow") return false;
    return used + asked > budget.limit || (budget.enforcement === "Soft" && used >= budget.limit);
  }

  /** What is wrong with how an account stands; undefined = nothing. */
  complaint(budget: BudgetTerms, standing: Standing, atMs: number): string | undefined {
    const { spent, held, overrun, limit } = standing;
    if (budget.enforcement === "Hard" && spent + held > limit) return `spent ${spent} + held ${held} > limit ${limit}`;
    const used = this.used(budget, standing.account, atMs);
    if (spent + held + overrun !== used) return `spent ${spent} + held ${held} + overrun ${overrun} is not ${used}`;
    if (spent < 0n || held < 0n || overrun < 0n) return `negative: ${spent} ${held} ${overrun}`;
    if (budget.enforcement !== "Hard" && overrun > 0n) return "an overrun where everything is spent";
    return undefined;
  }
}

/** Every window of the model is UTC. */
function inWindow({ window }: BudgetTerms, reservedMs: number, atMs: number): boolean {
  if (window.kind === "rolling") {
    const bucketMs = window.lengthMs / 60;
    const age = Math.floor(atMs / bucketMs) - Math.floor(reservedMs / bucketMs);
    return age >= 0 && age <= 60;
  }
  const lengthMs = window.every === "Minute" ? 60_000 : 86_400_000;
  return Math.floor(atMs / lengthMs) === Math.floor(reservedMs / lengthMs);
}

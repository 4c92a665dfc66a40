import type { BudgetRule } from "../core/budget.ts";
import type { Metrics } from "../observe/metrics.ts";
import {
  type AccountQuery,
  BudgetStoreUnavailable,
  type BudgetTerms,
  type ExtendCall,
  type Refused,
  type ReserveCall,
  type Reserved,
  type Shortage,
  type Standing,
} from "./budget-store.ts";
import { checkReserveCall } from "./check-call.ts";
import type { Lease } from "./lease.ts";
import type { Leases } from "./leases.ts";
import { costsInOrder, emptyStanding, type ServedLine, type ServedSession } from "./served-sessions.ts";
import { remainingOf } from "./tiers.ts";

export type FailureMode = BudgetRule["onStoreFailure"];

export interface UnstoredRequestsOptions {
  readonly leases: Leases;
  readonly modeOf: (budgetId: string) => FailureMode;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
}

type Place = Pick<ServedLine, "budget" | "account"> & Partial<Pick<ServedLine, "lease">>;

const strictestFirst: readonly FailureMode[] = ["Deny", "Lease", "Allow"];

/** Decides what begins and grows while the store is away, by each budget's `onStoreFailure` (limits.md L39). */
export class UnstoredRequests {
  readonly #options: UnstoredRequestsOptions;

  constructor(options: UnstoredRequestsOptions) {
    this.#options = options;
  }

  /** Shadow budgets refuse nothing. */
  modeOf({ id, enforcement }: BudgetTerms): FailureMode {
    return enforcement === "Shadow" ? "Allow" : this.#options.modeOf(id);
  }

  /**
   * Lets a request through, or refuses it for its tier. Nothing is held when it throws.
   * @throws BudgetStoreUnavailable when a budget denies, or has no slice that it fits in
   */
  reserve(call: ReserveCall, reason: string): { readonly session: ServedSession; readonly answer: Reserved } | Refused {
    checkReserveCall(call);
    const nowMs = this.#options.nowMs();
    const amounts = call.lines.map(({ amount }) => amount);
    const leases = this.#admit(call.lines, amounts, true, reason);
    const shortages = call.lines.flatMap(({ budget, amount, leastRemaining = 0n }, index): Shortage[] => {
      const lease = leases[index];
      const standing = lease && { ...lease.known(), limit: budget.limit };
      if (standing === undefined || remainingOf(standing) >= leastRemaining) return [];
      return [{ ...standing, asked: amount, passesAtMs: standing.window.endMs }];
    });
    if (shortages.length > 0) return { kind: "refused", shortages };
    const lines = call.lines.map(({ budget, account }, index): ServedLine => {
      const standing = leases[index]?.known() ?? emptyStanding({ budget, account }, nowMs);
      return { budget, account, stored: 0n, unstored: 0n, lease: undefined, standing };
    });
    const { sessionId, priceVersion } = call;
    const session: ServedSession = { sessionId, priceVersion, inStore: false, lines, answers: new Map() };
    return { session, answer: this.#hold(session, call.id, amounts, leases) };
  }

  /**
   * Lets a request grow.
   * @throws BudgetStoreUnavailable as above
   */
  extend(session: ServedSession, call: ExtendCall, reason: string): Reserved {
    const amounts = costsInOrder(session, call.amounts);
    const leases = this.#admit(session.lines, amounts, false, reason);
    return this.#hold(session, call.id, amounts, leases);
  }

  /**
   * How an account stands as far as this process knows.
   * @throws BudgetStoreUnavailable for a budget that denies
   */
  read(query: AccountQuery, reason: string): Standing {
    const { budget, atMs } = query;
    if (this.modeOf(budget) === "Deny") throw this.#away(budget, reason);
    const known = this.#options.leases.find(query)?.known() ?? emptyStanding(query, atMs ?? this.#options.nowMs());
    return { ...known, limit: budget.limit };
  }

  /** The slice for each line; undefined = it needs none. Holds nothing yet: all lines pass or none. */
  #admit(
    places: readonly Place[],
    amounts: readonly bigint[],
    first: boolean,
    reason: string,
  ): readonly (Lease | undefined)[] {
    const { metrics, leases, nowMs } = this.#options;
    const modes = places.map(({ budget }) => this.modeOf(budget));
    const mode = strictestFirst.find((one) => modes.includes(one)) ?? "Allow";
    const refuse = (error: Error): never => {
      metrics.increment("budget_outage_decisions_total", { mode, outcome: "refused" });
      throw error;
    };
    const denying = places[modes.indexOf("Deny")];
    if (denying !== undefined) return refuse(this.#away(denying.budget, reason));
    const found = places.map((place, index) => {
      if (modes[index] !== "Lease") return undefined;
      const { budget } = place;
      const lease = place.lease ?? leases.find(place);
      const amount = amounts[index] ?? 0n;
      // what a Soft budget lets begin is let go on
      if (budget.enforcement === "Soft" && !first) return lease;
      if (lease?.isUsable(nowMs()) === true && lease.covers(amount)) return lease;
      const why = lease === undefined ? "no slice of it is leased" : "its leased slice is used up";
      return refuse(new BudgetStoreUnavailable(`budget ${budget.id}: the store is away and ${why} (${reason})`));
    });
    metrics.increment("budget_outage_decisions_total", { mode, outcome: "passed" });
    return found;
  }

  #hold(
    session: ServedSession,
    id: string,
    amounts: readonly bigint[],
    leases: readonly (Lease | undefined)[],
  ): Reserved {
    for (const [index, line] of session.lines.entries()) {
      const amount = amounts[index] ?? 0n;
      const lease = leases[index];
      lease?.hold(amount, line.lease === undefined);
      line.lease ??= lease;
      line.unstored += amount;
      line.standing = { ...line.standing, held: line.standing.held + amount };
    }
    const answer: Reserved = {
      kind: "reserved",
      standings: session.lines.map(({ standing }) => standing),
      wouldRefuse: [],
    };
    session.answers.set(id, answer);
    return answer;
  }

  #away({ id }: BudgetTerms, reason: string): BudgetStoreUnavailable {
    return new BudgetStoreUnavailable(`budget ${id}: the store is away, and requests are denied then (${reason})`);
  }
}

import type { Spending } from "./booking.ts";
import type { BudgetAccount, BudgetAmount, Reserved, Settled, Standing } from "./budget-store.ts";
import { layoutOf, slotAt, spanOf } from "./budget-window.ts";
import { checkAmounts, wrongBudgets } from "./check-call.ts";
import { least } from "./decisions.ts";
import type { Lease } from "./lease.ts";

/** A budget of a request that was let through. */
export interface ServedLine extends BudgetAccount {
  /** Held for it in the store. */
  stored: bigint;
  /** Let through while the store was away. */
  unstored: bigint;
  /** The slice that `unstored` is held on; undefined = on none. */
  lease: Lease | undefined;
  /** As the store, or this process, knew it last. */
  standing: Standing;
}

/** A request that was let through, from its reservation to its settlement. */
export interface ServedSession {
  readonly sessionId: string;
  readonly priceVersion: string;
  /** Whether the store has its hold. */
  readonly inStore: boolean;
  readonly lines: readonly ServedLine[];
  /** What let it through and let it grow, by the ids of the operations. */
  readonly answers: Map<string, Reserved>;
}

/** How an account stands of which nothing is known. */
export function emptyStanding({ budget, account }: BudgetAccount, atMs: number): Standing {
  const window = spanOf(slotAt(budget.window, atMs), layoutOf(budget.window));
  return { budgetId: budget.id, account, window, limit: budget.limit, spent: 0n, held: 0n, overrun: 0n };
}

/**
 * The amounts in the order of the session's lines.
 * @throws RangeError when they are for other budgets
 */
export function costsInOrder({ sessionId, lines }: ServedSession, amounts: readonly BudgetAmount[]): readonly bigint[] {
  const given = checkAmounts(amounts);
  if (given.size !== lines.length) throw wrongBudgets(sessionId);
  return lines.map(({ budget }) => {
    const amount = given.get(budget.id);
    if (amount === undefined) throw wrongBudgets(sessionId);
    return amount;
  });
}

/** What of a line's cost is spent from a slice. The rest is for the hold in the store, or to be booked. */
export function leasedPart({ stored, unstored, lease }: ServedLine, cost: bigint, inStore: boolean): bigint {
  if (lease === undefined) return 0n;
  if (!inStore) return cost;
  return cost > stored ? least(cost - stored, unstored) : 0n;
}

/** The rest of each line's cost that no slice pays, in the window that the request began in. */
export function restsOf({ lines, inStore }: ServedSession, costs: readonly bigint[]): readonly Spending[] {
  return lines.map((line, index) => {
    const { budget, account, standing } = line;
    const cost = costs[index] ?? 0n;
    return { budget, account, atMs: standing.window.endMs - 1, amount: cost - leasedPart(line, cost, inStore) };
  });
}

/** What a settlement comes to as far as this process can tell. */
export function expectedSettlement({ lines, priceVersion }: ServedSession, costs: readonly bigint[]): Settled {
  const booked = lines.map(({ budget, stored, unstored }, index) => {
    const cost = costs[index] ?? 0n;
    const spent = budget.enforcement === "Hard" ? least(cost, stored + unstored) : cost;
    return { spent, overrun: cost - spent };
  });
  const of = (index: number) => booked[index] ?? { spent: 0n, overrun: 0n };
  return {
    kind: "settled",
    late: false,
    priceVersion,
    lines: lines.map(({ budget, account, standing: { window } }, index) => ({
      budgetId: budget.id,
      account,
      window,
      ...of(index),
    })),
    standings: lines.map(({ standing, stored, unstored }, index): Standing => {
      const { spent, overrun } = of(index);
      const held = standing.held - least(standing.held, stored + unstored);
      return { ...standing, spent: standing.spent + spent, overrun: standing.overrun + overrun, held };
    }),
  };
}

/** The requests in flight. Bounded: those that never end are forgotten, the oldest first. */
export class ServedSessions {
  readonly #maxSessions: number;
  readonly #sessions = new Map<string, ServedSession>();

  constructor(maxSessions: number) {
    this.#maxSessions = maxSessions;
  }

  ids(): Iterable<string> {
    return this.#sessions.keys();
  }

  get(sessionId: string): ServedSession | undefined {
    return this.#sessions.get(sessionId);
  }

  /** Gives the one that had to be forgotten for it. */
  add(session: ServedSession): ServedSession | undefined {
    this.#sessions.set(session.sessionId, session);
    if (this.#sessions.size <= this.#maxSessions) return undefined;
    const [oldest] = this.#sessions.values();
    if (oldest !== undefined) this.#sessions.delete(oldest.sessionId);
    return oldest;
  }

  end(sessionId: string): void {
    this.#sessions.delete(sessionId);
  }
}

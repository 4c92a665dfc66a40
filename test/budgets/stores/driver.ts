import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type {
  BudgetAccount,
  BudgetStore,
  BudgetTerms,
  ReserveLine,
  Standing,
} from "../../../src/budgets/budget-store.ts";
import { makeReserve } from "../support.ts";

/** What every implementation is asked for. The tests set its clock. */
export interface BudgetStoreSubject {
  readonly store: BudgetStore;
  nowMs: number;
}

export const noon = Date.parse("2026-03-04T12:00:00Z");
export const hourMs = 3_600_000;

export function amounts(...of: readonly (readonly [BudgetTerms, bigint])[]) {
  return of.map(([budget, amount]) => ({ budgetId: budget.id, amount }));
}

export function sums({ spent, held, overrun }: Standing) {
  return { spent, held, overrun };
}

/** The operations in the short forms that the contract's cases use. */
export function driverOf(subject: () => BudgetStoreSubject) {
  const store = () => subject().store;

  /** Reserves for a session of its own, and gives its id when it was let through. */
  async function reserve(...lines: ReserveLine[]): Promise<string | undefined> {
    const call = makeReserve(lines);
    return (await store().reserve(call)).kind === "reserved" ? call.sessionId : undefined;
  }

  async function open(...lines: ReserveLine[]): Promise<string> {
    const sessionId = await reserve(...lines);
    if (sessionId === undefined) throw new Error("the test's reservation was refused");
    return sessionId;
  }

  function extend(sessionId: string, ...of: readonly (readonly [BudgetTerms, bigint])[]) {
    return store().extend({ id: randomUUID(), sessionId, amounts: amounts(...of) });
  }

  function settle(sessionId: string, ...of: readonly (readonly [BudgetTerms, bigint])[]) {
    return store().settle({ id: randomUUID(), sessionId, amounts: amounts(...of) });
  }

  function meter(sessionId: string, budget: BudgetTerms, amount: bigint) {
    const sessions = [{ sessionId, amounts: amounts([budget, amount]) }];
    return store().meter({ timeToLiveMs: 10_000, sessions });
  }

  function expire(maxHolds = 1_000) {
    return store().expire({ id: randomUUID(), maxHolds });
  }

  async function standing(budget: BudgetTerms, account = "alice", atMs?: number): Promise<Standing> {
    const query: BudgetAccount = { budget, account };
    const [found] = await store().read([atMs === undefined ? query : { ...query, atMs }]);
    if (found === undefined) throw new Error("no standing");
    return found;
  }

  async function expectSums(budget: BudgetTerms, spent: bigint, held: bigint, overrun = 0n, account = "alice") {
    expect(sums(await standing(budget, account))).to.deep.equal({ spent, held, overrun });
  }

  return { store, reserve, open, extend, settle, meter, expire, standing, expectSums };
}

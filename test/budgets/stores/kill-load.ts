import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ReserveCall, SettleCall } from "../../../src/budgets/budget-store.ts";
import { EmbeddedBudgetStore } from "../../../src/budgets/stores/embedded.ts";
import { makeBudget, makeReserve } from "../support.ts";

/** Two thirds of the sessions are settled; the limits are reached after a few hundred of them. */
export const budgets = [
  makeBudget({ id: "ns/narrow", limit: 4_000n }),
  makeBudget({ id: "ns/rolling", limit: 10_000n, window: { kind: "rolling", lengthMs: 86_400_000 } }),
] as const;
export const heldBy = 10n;
export const billOf = (session: number): bigint => BigInt(session % 9);

const workers = 64;

/** Both sides of the test know what was asked from the session's number alone. */
export function reserveOf(session: number): ReserveCall {
  const lines = budgets.map((budget) => ({ budget, account: `user-${session % 3}`, amount: heldBy }));
  return makeReserve(lines, { id: `reserve-${session}`, sessionId: `session-${session}`, timeToLiveMs: 60_000 });
}

export function settleOf(session: number): SettleCall {
  const amounts = budgets.map(({ id }) => ({ budgetId: id, amount: billOf(session) }));
  return { id: `settle-${session}`, sessionId: `session-${session}`, amounts };
}

/** An answer as one line of text. */
export function textOf(answer: unknown): string {
  return JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}

/** Reserves and settles until it is killed, and says every answer at once: what it said was answered. */
async function load(directory: string): Promise<void> {
  const store = await EmbeddedBudgetStore.open({ directory, nowMs: Date.now, segmentBytes: 30_000 });
  let sessions = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const session = sessions++;
      const reserved = await store.reserve(reserveOf(session));
      writeSync(1, `reserve ${session} ${textOf(reserved)}\n`);
      await new Promise(setImmediate);
      if (session % 3 === 0) continue;
      const settled = await store.settle(settleOf(session));
      writeSync(1, `settle ${session} ${textOf(settled)}\n`);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await load(process.argv[2] ?? "");

import { randomUUID } from "node:crypto";
import type { LedgerEvents } from "../../../src/budgets/ledger/ledger-events.ts";
import type { BudgetRecord, ExpiredRecord, RequestRecord } from "../../../src/core/request-record.ts";

/** Noon of a day, UTC. */
export const noonMs = Date.parse("2026-03-04T12:00:00Z");

/** A budget of 100 dollars a day that paid 12 cents. */
export function makeBudgetRecord(parts: Partial<BudgetRecord> = {}): BudgetRecord {
  return {
    budget: "ai/daily-100",
    account: "alice",
    unit: { kind: "USD" },
    windowStartMs: Date.parse("2026-03-04T00:00:00Z"),
    windowEndMs: Date.parse("2026-03-05T00:00:00Z"),
    limit: "100000000000",
    held: "500000000",
    spent: "120000000",
    overrun: "0",
    remaining: "89880000000",
    refused: false,
    ...parts,
  };
}

/** A request of alice's, of her own session, that used 1,000 tokens of gpt-4o. */
export function makeRecord(parts: Partial<RequestRecord> = {}): RequestRecord {
  return {
    type: "request",
    session: randomUUID(),
    requestId: randomUUID(),
    startedMs: noonMs,
    durationMs: 1_500,
    api: "chat",
    stream: false,
    route: "ai/llm-route",
    requestedModel: "gpt-4o",
    model: "gpt-4o",
    identity: { "x-user-id": "alice", "x-team-id": "engineering" },
    outcome: "completed",
    code: undefined,
    status: 200,
    bound: { inputTokens: 1_000, outputTokens: 1_000 },
    attempts: [
      {
        backend: "ai/openai",
        provider: "openai",
        model: "gpt-4o",
        verdict: "billed",
        usage: { input: 800, cachedInput: 100, output: 200, total: 1_000 },
        estimated: false,
        costNanoUsd: 3_875_000,
        unpriced: false,
      },
    ],
    costNanoUsd: 3_875_000,
    priceVersion: "list 1",
    budgets: [makeBudgetRecord()],
    costs: { llm_total_token: 1_000 },
    ...parts,
  };
}

export function makeExpired(parts: Partial<ExpiredRecord> = {}): ExpiredRecord {
  return {
    type: "expired",
    session: randomUUID(),
    owner: "gateway-1",
    atMs: noonMs,
    verdict: "unknown",
    priceVersion: "list 1",
    budgets: [{ budget: "ai/daily-100", account: "alice", spent: "10000000000000001", overrun: "0" }],
    ...parts,
  };
}

/** Counts what a ledger tells. */
export class ToldEvents implements LedgerEvents {
  drops = 0;
  skips = 0;
  readonly failures: string[] = [];

  readonly dropped = (): void => {
    this.drops++;
  };

  readonly skipped = (): void => {
    this.skips++;
  };

  readonly failed = (message: string): void => {
    this.failures.push(message);
  };
}

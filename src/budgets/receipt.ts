import { z } from "zod";
import type { TokenRates } from "../core/prices.ts";
import type { AttemptRecord, BudgetRecord, RequestRecord } from "../core/request-record.ts";
import { formatUsd } from "../lib/money.ts";
import { toWireAmount, unitName, wireAmount } from "./amounts.ts";

const text = z.string();
const count = z.number();
const time = z.iso.datetime();

const attempt = z.object({
  backend: text,
  provider: text,
  model: text,
  verdict: z.enum(["billed", "free", "unknown"]),
  /** Counters that the provider did not tell are not there; null = it used nothing. */
  usage: z
    .object({
      input_tokens: count.optional(),
      cached_input_tokens: count.optional(),
      cache_write_tokens: count.optional(),
      output_tokens: count.optional(),
      reasoning_tokens: count.optional(),
      total_tokens: count.optional(),
      service_tier: text.optional(),
    })
    .nullable(),
  usage_estimated: z.boolean(),
  cost_usd: text,
  unpriced: z.boolean(),
  /** Dollars per million tokens that this attempt was charged; null = the price table is not in force any more. */
  price: z
    .object({
      input: text,
      output: text,
      cache_read: text.nullable(),
      cache_write: text.nullable(),
      cache_write_1h: text.nullable(),
      source: text,
    })
    .nullable(),
});

const budget = z.object({
  name: text,
  account: text,
  unit: text,
  window: z.object({ start: time, end: time }),
  limit: wireAmount,
  held: wireAmount,
  spent: wireAmount,
  overrun: wireAmount,
  remaining: wireAmount,
  refused: z.boolean(),
  passes_at: time.nullable(),
});

/** What `GET /receipts/{id}` answers (limits.md L37). Dollars are decimal text. */
export const receiptSchema = z.object({
  session: text,
  request_id: text.nullable(),
  started_at: time,
  duration_ms: count,
  api: text,
  stream: z.boolean(),
  route: text.nullable(),
  model_requested: text.nullable(),
  model_used: text.nullable(),
  identity: z.record(text, text),
  outcome: text,
  status: count.nullable(),
  code: text.nullable(),
  message: text.nullable(),
  upper_bound: z.object({ input_tokens: count, output_tokens: count }).nullable(),
  attempts: z.array(attempt),
  price_version: text,
  cost_usd: text,
  budgets: z.array(budget),
  costs: z.record(text, count),
});

export type Receipt = z.output<typeof receiptSchema>;
type AttemptReceipt = Receipt["attempts"][number];

/** The rates that an attempt was charged, and where they are from; undefined = they are not known any more. */
export type ChargedRates = (
  attempt: AttemptRecord,
) => { readonly rates: TokenRates; readonly source: string } | undefined;

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** Only the counters that were told. */
function toUsage(usage: AttemptRecord["usage"]): AttemptReceipt["usage"] {
  if (usage === undefined) return null;
  const { cacheWrite, cacheWrite5m, cacheWrite1h } = usage;
  const lifetimes = cacheWrite5m === undefined && cacheWrite1h === undefined;
  const written = cacheWrite ?? (lifetimes ? undefined : (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0));
  const counters: NonNullable<AttemptReceipt["usage"]> = {
    input_tokens: usage.input,
    cached_input_tokens: usage.cachedInput,
    cache_write_tokens: written,
    output_tokens: usage.output,
    reasoning_tokens: usage.reasoning,
    total_tokens: usage.total,
    service_tier: usage.serviceTier,
  };
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== undefined));
}

function toPrice(charged: ReturnType<ChargedRates>): AttemptReceipt["price"] {
  if (charged === undefined) return null;
  const { input, output, cacheRead, cacheWrite, cacheWrite1h } = charged.rates;
  const optional = (rate: number | undefined): string | null => (rate === undefined ? null : formatUsd(rate));
  return {
    input: formatUsd(input),
    output: formatUsd(output),
    cache_read: optional(cacheRead),
    cache_write: optional(cacheWrite),
    cache_write_1h: optional(cacheWrite1h),
    source: charged.source,
  };
}

function toBudget(record: BudgetRecord): Receipt["budgets"][number] {
  const { unit, passesAtMs } = record;
  const amount = (name: "limit" | "held" | "spent" | "overrun" | "remaining") =>
    toWireAmount(unit, BigInt(record[name]));
  return {
    name: record.budget,
    account: record.account,
    unit: unitName(unit),
    window: { start: instant(record.windowStartMs), end: instant(record.windowEndMs) },
    limit: amount("limit"),
    held: amount("held"),
    spent: amount("spent"),
    overrun: amount("overrun"),
    remaining: amount("remaining"),
    refused: record.refused,
    passes_at: passesAtMs === undefined ? null : instant(passesAtMs),
  };
}

/** What is kept of a request, as the client of the admin port sees it. */
export function toReceipt(record: RequestRecord, chargedRates: ChargedRates): Receipt {
  const { bound } = record;
  return {
    session: record.session,
    request_id: record.requestId ?? null,
    started_at: instant(record.startedMs),
    duration_ms: record.durationMs,
    api: record.api,
    stream: record.stream,
    route: record.route ?? null,
    model_requested: record.requestedModel ?? null,
    model_used: record.model ?? null,
    identity: record.identity,
    outcome: record.outcome,
    status: record.status ?? null,
    code: record.code ?? null,
    message: record.message ?? null,
    upper_bound: bound === undefined ? null : { input_tokens: bound.inputTokens, output_tokens: bound.outputTokens },
    attempts: record.attempts.map((attempt) => ({
      backend: attempt.backend,
      provider: attempt.provider,
      model: attempt.model,
      verdict: attempt.verdict,
      usage: toUsage(attempt.usage),
      usage_estimated: attempt.estimated,
      cost_usd: formatUsd(attempt.costNanoUsd),
      unpriced: attempt.unpriced,
      price: attempt.usage === undefined ? null : toPrice(chargedRates(attempt)),
    })),
    price_version: record.priceVersion,
    cost_usd: formatUsd(record.costNanoUsd),
    budgets: record.budgets.map(toBudget),
    costs: record.costs,
  };
}

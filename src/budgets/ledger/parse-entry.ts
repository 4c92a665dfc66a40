import { z } from "zod";
import type { LedgerEntry } from "../../core/request-record.ts";

const text = z.string();
const optionalText = text.optional();
const count = z.number().nonnegative();
const amount = text.regex(/^\d{1,40}$/);

const usage = z.object({
  input: count.optional(),
  cachedInput: count.optional(),
  cacheWrite: count.optional(),
  cacheWrite5m: count.optional(),
  cacheWrite1h: count.optional(),
  output: count.optional(),
  reasoning: count.optional(),
  total: count.optional(),
  serviceTier: z.enum(["flex", "priority", "batch"]).optional().catch(undefined),
});

const attempt = z.object({
  backend: text,
  provider: text,
  model: text,
  verdict: z.enum(["billed", "free", "unknown"]),
  usage: usage.optional(),
  estimated: z.boolean(),
  costNanoUsd: count,
  unpriced: z.boolean(),
});

const budget = z.object({
  budget: text,
  account: text,
  unit: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("USD") }),
    z.object({ kind: z.literal("Tokens") }),
    z.object({ kind: z.literal("Cost"), metadataKey: text }),
  ]),
  windowStartMs: z.number(),
  windowEndMs: z.number(),
  limit: amount,
  held: amount,
  spent: amount,
  overrun: amount,
  remaining: amount,
  refused: z.boolean(),
  passesAtMs: z.number().optional(),
});

const request = z.object({
  type: z.literal("request"),
  session: text,
  requestId: optionalText,
  startedMs: z.number(),
  durationMs: count,
  api: text,
  stream: z.boolean(),
  route: optionalText,
  requestedModel: optionalText,
  model: optionalText,
  identity: z.record(text, text),
  outcome: text,
  code: optionalText,
  message: optionalText,
  status: z.number().optional(),
  bound: z.object({ inputTokens: count, outputTokens: count }).optional(),
  attempts: z.array(attempt),
  costNanoUsd: count,
  priceVersion: text,
  budgets: z.array(budget),
  costs: z.record(text, z.number()),
});

const expired = z.object({
  type: z.literal("expired"),
  session: text,
  owner: text,
  atMs: z.number(),
  verdict: z.enum(["metered", "unknown"]),
  priceVersion: text,
  budgets: z.array(z.object({ budget: text, account: text, spent: amount, overrun: amount })),
});

const entry = z.discriminatedUnion("type", [request, expired]);

/** What was stored, as an entry; undefined when it is none. Members that are unknown here are dropped. */
export function parseEntry(stored: unknown): LedgerEntry | undefined {
  const parsed = entry.safeParse(stored);
  // JSON leaves out what is undefined, and the types of entries spell it out: that is the only difference
  return parsed.success ? (parsed.data as LedgerEntry) : undefined;
}

import type { Price, TokenRates } from "../core/prices.ts";
import type { TokenUsage } from "../core/usage.ts";
import { ceilDivide } from "../lib/money.ts";

const tokensPerRate = 1_000_000n;
const nanoPerMicro = 1_000;

/** The rates of a request with so much input: those of the highest step that it is above. */
export function ratesFor(price: Price, inputTokens: number): TokenRates {
  return price.longContext.findLast(({ inputTokensAbove }) => inputTokens > inputTokensAbove)?.rates ?? price.rates;
}

/**
 * What a usage costs, in integer nano-USD, rounded up once. Cached and cache-write tokens are part of the input and have rates of
 * their own; reasoning is part of the output (limits.md L1). Beyond 2⁵³ nano-USD (nine million dollars) it stays there.
 */
export function costNanoUsd(price: Price, usage: TokenUsage): number {
  const cached = usage.cachedInput ?? 0;
  const written1h = usage.cacheWrite1h ?? 0;
  // a provider that tells the two lifetimes need not tell their sum
  const written = Math.max(usage.cacheWrite ?? 0, (usage.cacheWrite5m ?? 0) + written1h);
  const input = Math.max(usage.input ?? 0, cached + written);
  const { input: inputRate, output: outputRate, ...rates } = ratesFor(price, input);
  const writeRate = rates.cacheWrite ?? inputRate;
  return toNano(
    charge(input - cached - written, inputRate) +
      charge(cached, rates.cacheRead ?? inputRate) +
      charge(written - written1h, writeRate) +
      charge(written1h, rates.cacheWrite1h ?? writeRate) +
      charge(usage.output ?? 0, outputRate),
  );
}

/**
 * The most that a request can cost which has no more input and no more output than this (limits.md L31): whatever part of it is
 * cached or written to a cache, and whichever long-context step it may reach.
 */
export function mostNanoUsd(price: Price, inputTokens: number, outputTokens: number): number {
  const steps = price.longContext.filter(({ inputTokensAbove }) => inputTokens > inputTokensAbove);
  const reachable = [price.rates, ...steps.map(({ rates }) => rates)];
  const input = reachable.flatMap((rates) => [
    rates.input,
    rates.cacheRead ?? 0,
    rates.cacheWrite ?? 0,
    rates.cacheWrite1h ?? 0,
  ]);
  const output = reachable.map((rates) => rates.output);
  return toNano(charge(inputTokens, Math.max(...input)) + charge(outputTokens, Math.max(...output)));
}

function toNano(total: bigint): number {
  return Math.min(Number(ceilDivide(total, tokensPerRate)), Number.MAX_SAFE_INTEGER);
}

/** Nano-USD × 10⁶; as a bigint, because ten million tokens of a dear model are beyond 2⁵³. */
function charge(tokens: number, rate: number): bigint {
  return BigInt(Math.ceil(tokens)) * BigInt(rate);
}

/** Micro-dollars, rounded up: how money travels in Envoy's metadata (limits.md L12). */
export function microUsd(nanoUsd: number): number {
  return Math.ceil(nanoUsd / nanoPerMicro);
}

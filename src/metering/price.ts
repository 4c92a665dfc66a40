import type { Price, PriceRates, TokenRates } from "../core/prices.ts";
import type { ServiceTier, TokenUsage } from "../core/usage.ts";
import { ceilDivide } from "../lib/money.ts";

const tokensPerRate = 1_000_000n;
const nanoPerMicro = 1_000;

/** Those of the highest step that so much input is above, and the step itself; 0 = none. */
function stepFor({ rates, longContext }: PriceRates, inputTokens: number): PriceRates["longContext"][number] {
  return (
    longContext.findLast(({ inputTokensAbove }) => inputTokens > inputTokensAbove) ?? { inputTokensAbove: 0, rates }
  );
}

function dearerRates(a: TokenRates, b: TokenRates): TokenRates {
  const dearer = (read: (rates: TokenRates) => number): number => Math.max(read(a), read(b));
  const cacheWrite = (rates: TokenRates): number => rates.cacheWrite ?? rates.input;
  return {
    input: dearer(({ input }) => input),
    output: dearer(({ output }) => output),
    cacheRead: dearer(({ cacheRead, input }) => cacheRead ?? input),
    cacheWrite: dearer(cacheWrite),
    cacheWrite1h: dearer((rates) => rates.cacheWrite1h ?? cacheWrite(rates)),
  };
}

/**
 * The rates of a request with so much input: those of the highest step that it is above. A tier without rates of its own is charged
 * at the ordinary ones; above a step that only these have, at the dearer of both, because nobody told what the tier costs there.
 */
export function ratesFor(price: Price, inputTokens: number, tier?: ServiceTier): TokenRates {
  const ordinary = stepFor(price, inputTokens);
  const own = tier && price.tiers?.[tier];
  if (own === undefined) return ordinary.rates;
  const step = stepFor(own, inputTokens);
  return step.inputTokensAbove < ordinary.inputTokensAbove ? dearerRates(step.rates, ordinary.rates) : step.rates;
}

/** Whether this usage costs more than the price can tell: it was served before others, and what that costs is not listed. */
export function isTierUnpriced({ tiers }: Price, { serviceTier }: TokenUsage): boolean {
  return serviceTier === "priority" && tiers?.priority === undefined;
}

const allTiers: readonly ServiceTier[] = ["flex", "priority", "batch"];

/**
 * Which tiers may serve a request beside the ordinary one, by the `service_tier` that it asks for. Asking for none is asking for
 * `auto` (OpenAI, Anthropic): what the account is set to.
 */
export function possibleTiers(asked: string | undefined): readonly ServiceTier[] {
  if (asked === "default" || asked === "standard_only") return [];
  const named = allTiers.filter((tier) => tier === asked);
  return named.length === 0 ? allTiers : named;
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
  const { input: inputRate, output: outputRate, ...rates } = ratesFor(price, input, usage.serviceTier);
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
 * cached or written to a cache, whichever long-context step it may reach, and whichever of `tiers` (see `possibleTiers`) or the
 * ordinary one serves it.
 */
export function mostNanoUsd(
  price: Price,
  inputTokens: number,
  outputTokens: number,
  tiers: readonly ServiceTier[] = [],
): number {
  const possible = [price, ...tiers.flatMap((tier) => price.tiers?.[tier] ?? [])];
  const reachable = possible.flatMap(({ rates, longContext }) => [
    rates,
    ...longContext.filter((step) => inputTokens > step.inputTokensAbove).map((step) => step.rates),
  ]);
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

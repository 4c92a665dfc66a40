import type { TokenRates } from "../core/prices.ts";

/** How many parts of the tokens are input and how many output; not both 0. */
export interface Mix {
  readonly input: number;
  readonly output: number;
}

/** Tokens that an amount of money buys, rounded down; `undefined` = as many as one likes, because they cost nothing. */
export interface AffordedTokens {
  readonly total: number | undefined;
  readonly input: number | undefined;
  readonly output: number | undefined;
  /** In all, even if every one of them were of the dearer kind. */
  readonly whateverTheMix: number | undefined;
}

const tokensPerRate = 1_000_000n;

function tokensFor(nanoUsd: number, rate: bigint, parts: bigint): number | undefined {
  return rate === 0n ? undefined : Number((BigInt(nanoUsd) * tokensPerRate * parts) / rate);
}

/** How many tokens so much money buys at these rates: uncached, and below any long-context step. */
export function affordedTokens(nanoUsd: number, rates: TokenRates, mix: Mix): AffordedTokens {
  const ratePerMix = BigInt(mix.input) * BigInt(rates.input) + BigInt(mix.output) * BigInt(rates.output);
  const share = (parts: number): number | undefined => tokensFor(nanoUsd, ratePerMix, BigInt(parts));
  return {
    total: share(mix.input + mix.output),
    input: share(mix.input),
    output: share(mix.output),
    whateverTheMix: tokensFor(nanoUsd, BigInt(Math.max(rates.input, rates.output)), 1n),
  };
}

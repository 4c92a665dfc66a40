import type { ServiceTier } from "./usage.ts";

/** What a million tokens cost, each in integer nano-USD. A missing cache rate is the input rate. */
export interface TokenRates {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number | undefined;
  /** Written to live 5 minutes. */
  readonly cacheWrite: number | undefined;
  /** Written to live an hour; missing = as `cacheWrite`. */
  readonly cacheWrite1h: number | undefined;
}

/** Rates, and those of long requests. */
export interface PriceRates {
  readonly rates: TokenRates;
  /** For the whole request once its input is *above* so many tokens; ascending. */
  readonly longContext: readonly { readonly inputTokensAbove: number; readonly rates: TokenRates }[];
}

/** What a model costs at one time. */
export interface Price extends PriceRates {
  /** Of the service tiers that have rates of their own. */
  readonly tiers?: { readonly [T in ServiceTier]?: PriceRates | undefined } | undefined;
  /** Where it was taken from, for messages: `genai-prices 1.2.3`, `PriceBook ai/ours`. */
  readonly source: string;
}

/** A price that somebody configured (PriceBook). */
export interface PriceEntry {
  /** A model as it is named upstream, or the beginning of names before a `*` at the end. */
  readonly model: string;
  /** For backends of this namespace … */
  readonly namespace: string;
  /** … of this provider (lower case), or this very backend, or all of them. */
  readonly scope:
    | { readonly kind: "Backend"; readonly backendId: string }
    | { readonly kind: "Provider"; readonly provider: string }
    | { readonly kind: "All" };
  /** From then on; undefined = always. */
  readonly fromMs: number | undefined;
  /** Until before then; undefined = for ever. */
  readonly untilMs: number | undefined;
  readonly price: Price;
}

export interface PriceQuery {
  /** As `Backend.providerName` has it. */
  readonly provider: string;
  /** Undefined = whatever backend there may be of this provider. */
  readonly backendId: string | undefined;
  /** As it is named upstream. */
  readonly model: string;
  readonly atMs: number;
}

/** `known: false`: nobody told a price of this model, and the dearest rates that are known stand for it. */
export interface Quote {
  readonly price: Price;
  readonly known: boolean;
}

/** Every price there is (limits.md L30). */
export interface PriceBook {
  /** Names the table and what was configured beside it; changes iff a price may. */
  readonly version: string;
  find(query: PriceQuery): Price | undefined;
  /** The price, or what stands for it: the dearest known rates of the provider, or of all when there are none of its. */
  quote(query: PriceQuery): Quote;
}

import type { ServiceTier, TokenUsage } from "../core/usage.ts";
import { tokensOfBytes } from "./estimate.ts";

export interface UsageMeterOptions {
  /** Stands for the input until the provider tells it. */
  readonly estimatedInputTokens: number;
  /** Called for each counter that is negative, not a number or beyond 2^53. */
  readonly onIgnored: (field: string) => void;
}

/** Usage with everything that a cost needs filled in. */
export interface MeteredUsage extends TokenUsage {
  readonly input: number;
  readonly output: number;
  readonly total: number;
}

/** The most that a request can use, known before it is sent. */
export interface TokenBound {
  readonly inputTokens: number;
  /** All choices together. */
  readonly outputTokens: number;
  /** Service tiers that may serve it beside the ordinary one; they may be dearer. */
  readonly tiers?: readonly ServiceTier[];
  /** The model may think without showing it: what came of an answer is no measure of what it cost. */
  readonly hidesOutput?: boolean;
}

const fields = [
  "input",
  "cachedInput",
  "cacheWrite",
  "cacheWrite5m",
  "cacheWrite1h",
  "output",
  "reasoning",
  "total",
] as const;

/** Gathers what one attempt used (limits.md L1, L2, L6). A new attempt gets a new meter. */
export class UsageMeter {
  readonly #options: UsageMeterOptions;
  #told: { -readonly [F in (typeof fields)[number]]?: number | undefined } = {};
  #serviceTier: ServiceTier | undefined;
  #outputBytes = 0;
  #largestPiece = 0;
  #complete = false;

  constructor(options: UsageMeterOptions) {
    this.#options = options;
  }

  /**
   * A cumulative report: told counters replace, the others keep what they had (R147). The tier is that of the last report: one may
   * be announced and another one serve.
   */
  report(usage: TokenUsage): void {
    this.#serviceTier = usage.serviceTier;
    for (const field of fields) {
      const value = usage[field];
      if (value === undefined) continue;
      if (typeof value !== "number" || !(value >= 0) || value > Number.MAX_SAFE_INTEGER) this.#options.onIgnored(field);
      else this.#told[field] = Math.floor(value);
    }
    const inside = (this.#told.cachedInput ?? 0) + (this.#told.cacheWrite ?? 0);
    if (this.#told.input !== undefined && this.#told.input < inside) {
      this.#options.onIgnored("input");
      this.#told.input = inside;
    }
  }

  /** UTF-8 bytes of model output that were passed on. */
  streamed(bytes: number): void {
    this.#outputBytes += bytes;
    this.#largestPiece = Math.max(this.#largestPiece, bytes);
  }

  /** Bytes of output in the largest piece so far: what the next one may bring. */
  get largestPiece(): number {
    return this.#largestPiece;
  }

  /** The answer ended as it should: what was told is final. */
  complete(): void {
    this.#complete = true;
  }

  /**
   * The provider's numbers where told, the running estimate elsewhere; `estimated` says that there is estimate in it. Until the
   * answer is complete, output is at least what was streamed: some providers tell a first count early and the true one last.
   */
  current(): { readonly usage: MeteredUsage; readonly estimated: boolean } {
    const told = this.#told;
    const streamed = tokensOfBytes(this.#outputBytes);
    const running = told.output === undefined || (!this.#complete && told.output < streamed);
    // an estimate never falls below what was told to be part of it
    const input =
      told.input ?? Math.max(this.#options.estimatedInputTokens, (told.cachedInput ?? 0) + (told.cacheWrite ?? 0));
    const output = running ? streamed : (told.output ?? streamed);
    const total = running ? input + output : (told.total ?? input + output);
    return { usage: { ...told, input, output, total, ...this.#tier }, estimated: running || told.input === undefined };
  }

  /**
   * The most that can have been used so far: what was told, else the input's bound, and a token for every byte of output (a token
   * is at least one), or all that it may say where a part of that is never shown. More than it may say only where more came.
   */
  most(bound: TokenBound): MeteredUsage {
    const told = this.#told;
    const input = told.input ?? bound.inputTokens;
    const shown = bound.hidesOutput ? bound.outputTokens : Math.min(this.#outputBytes, bound.outputTokens);
    const streamed = Math.max(told.output ?? 0, tokensOfBytes(this.#outputBytes), shown);
    const output = this.#complete && told.output !== undefined ? told.output : streamed;
    const total = Math.max(input + output, this.#complete ? (told.total ?? 0) : 0);
    return { ...told, input, output, total, ...this.#tier };
  }

  get #tier(): Pick<TokenUsage, "serviceTier"> {
    return this.#serviceTier === undefined ? {} : { serviceTier: this.#serviceTier };
  }
}

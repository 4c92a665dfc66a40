import type { TokenUsage } from "../core/usage.ts";
import { tokensOfCharacters } from "./estimate.ts";

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
  #told: { -readonly [F in keyof TokenUsage]: TokenUsage[F] } = {};
  #characters = 0;
  #complete = false;

  constructor(options: UsageMeterOptions) {
    this.#options = options;
  }

  /** A cumulative report: told fields replace, the others keep what they had (R147). */
  report(usage: TokenUsage): void {
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

  /** Characters of model output that were passed on. */
  streamed(characters: number): void {
    this.#characters += characters;
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
    const streamed = tokensOfCharacters(this.#characters);
    const running = told.output === undefined || (!this.#complete && told.output < streamed);
    // an estimate never falls below what was told to be part of it
    const input =
      told.input ?? Math.max(this.#options.estimatedInputTokens, (told.cachedInput ?? 0) + (told.cacheWrite ?? 0));
    const output = running ? streamed : (told.output ?? streamed);
    const total = running ? input + output : (told.total ?? input + output);
    return { usage: { ...told, input, output, total }, estimated: running || told.input === undefined };
  }
}

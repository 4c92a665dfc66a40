export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Running at least this long makes the next failure count as the first. */
  readonly steadyMs: number;
}

/** Doubling pauses between restarts of something that fails. Pure: it is told how long the thing ran. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** It ended after `ranMs`: how long to wait before the next start, in milliseconds. */
  next(ranMs: number): number {
    const { firstMs, maxMs, steadyMs } = this.#options;
    this.#failures = ranMs >= steadyMs ? 1 : this.#failures + 1;
    return Math.min(maxMs, firstMs * 2 ** (this.#failures - 1));
  }
}

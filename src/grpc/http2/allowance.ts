/** So many at once, and so many a second: what is taken comes back with time. */
export class Allowance {
  readonly #most: number;
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #left: number;
  #countedMs: number;

  constructor(most: number, perSecond: number, nowMs: () => number) {
    this.#most = most;
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#left = most;
    this.#countedMs = nowMs();
  }

  /** False when nothing is left. The clock is asked only then. */
  take(): boolean {
    if (this.#left < 1) {
      const now = this.#nowMs();
      this.give(((now - this.#countedMs) * this.#perSecond) / 1_000);
      this.#countedMs = now;
      if (this.#left < 1) return false;
    }
    this.#left--;
    return true;
  }

  give(count: number): void {
    this.#left = Math.min(this.#most, this.#left + count);
  }
}

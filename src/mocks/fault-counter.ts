/** Lets only the first n requests of a key fail (`x-mock-fault-count`, `x-mock-key`). */
export class FaultCounter {
  readonly #seen = new Map<string, number>();

  /** Whether this request is to fail. Counts it. */
  fails(headers: Readonly<Record<string, string>>): boolean {
    const limit = headers["x-mock-fault-count"];
    if (limit === undefined) return true;
    const key = headers["x-mock-key"] ?? "";
    const seen = this.#seen.get(key) ?? 0;
    this.#seen.set(key, seen + 1);
    return seen < Number(limit);
  }

  reset(): void {
    this.#seen.clear();
  }
}

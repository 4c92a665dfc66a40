/**
 * Requests that wait for budgets, first come first served within this process (limits.md L35). A request that waits in several
 * lines has the same place in all, that of its arrival: so there is always one that is first wherever it waits.
 */
export class WaitingLines {
  /** Each in order of arrival. */
  readonly #lines = new Map<string, Visitor[]>();
  #arrivals = 0;

  isWaiting(key: string): boolean {
    return this.#lines.has(key);
  }

  /** A request arrives; it waits nowhere yet. */
  arrive(): Visitor {
    this.#arrivals++;
    return new Visitor(this.#arrivals, this.#lines);
  }
}

/** One request among those that may have to wait. */
export class Visitor {
  readonly #arrival: number;
  readonly #lines: Map<string, Visitor[]>;
  readonly #joined = new Set<string>();

  constructor(arrival: number, lines: Map<string, Visitor[]>) {
    this.#arrival = arrival;
    this.#lines = lines;
  }

  get waits(): boolean {
    return this.#joined.size > 0;
  }

  join(key: string): void {
    if (this.#joined.has(key)) return;
    this.#joined.add(key);
    const line = this.#lines.get(key) ?? [];
    this.#lines.set(key, line);
    const position = line.findLastIndex((other) => other.#arrival < this.#arrival) + 1;
    line.splice(position, 0, this);
  }

  isFirst(key: string): boolean {
    return this.#lines.get(key)?.[0] === this;
  }

  /** Leaves every line. */
  leave(): void {
    for (const key of this.#joined) {
      const rest = (this.#lines.get(key) ?? []).filter((other) => other !== this);
      if (rest.length === 0) this.#lines.delete(key);
      else this.#lines.set(key, rest);
    }
    this.#joined.clear();
  }
}

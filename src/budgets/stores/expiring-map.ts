const sweepEveryMs = 30_000;

/** A map whose entries are dropped some time after they were set last. */
export class ExpiringMap<Value> {
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, { readonly value: Value; readonly untilMs: number }>();
  #sweptMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** `keepMs` undefined = until it is set again. */
  set(key: string, value: Value, keepMs: number | undefined): void {
    const now = this.#nowMs();
    this.#entries.set(key, { value, untilMs: keepMs === undefined ? Number.POSITIVE_INFINITY : now + keepMs });
    if (now - this.#sweptMs < sweepEveryMs) return;
    this.#sweptMs = now;
    for (const [name, { untilMs }] of this.#entries) if (untilMs <= now) this.#entries.delete(name);
  }
}

const sweepEveryMs = 30_000;

/** A value and until when it is kept; infinity = until it is set again. */
export interface ExpiringEntry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly untilMs: number;
}

/** A map whose entries are gone some time after they were set last. */
export class ExpiringMap<Value> {
  readonly #nowMs: () => number;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, ExpiringEntry<Value>>();
  #sweptMs = 0;

  /** Of more than `maxEntries` those that were set longest ago are dropped, a tenth at once. */
  constructor(nowMs: () => number, maxEntries = Number.POSITIVE_INFINITY) {
    this.#nowMs = nowMs;
    this.#maxEntries = maxEntries;
  }

  /** Those included whose time is over and that were not swept yet. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.untilMs <= this.#nowMs() ? undefined : entry.value;
  }

  /** `keepMs` undefined = until it is set again. */
  set(key: string, value: Value, keepMs: number | undefined): void {
    const untilMs = keepMs === undefined ? Number.POSITIVE_INFINITY : this.#nowMs() + keepMs;
    this.restore({ key, value, untilMs });
    if (this.#entries.size > this.#maxEntries) this.#drop(Math.ceil(this.#maxEntries / 10));
    this.sweep();
  }

  /** Gives the memory of those free whose time is over, every now and then. */
  sweep(): void {
    const now = this.#nowMs();
    if (now - this.#sweptMs < sweepEveryMs) return;
    this.#sweptMs = now;
    for (const [name, { untilMs }] of this.#entries) if (untilMs <= now) this.#entries.delete(name);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** As they are now, in the order in which they were set last. */
  entries(): readonly ExpiringEntry<Value>[] {
    return [...this.#entries.values()];
  }

  restore(entry: ExpiringEntry<Value>): void {
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
  }

  #drop(count: number): void {
    let dropped = 0;
    for (const key of this.#entries.keys()) {
      if (dropped++ >= count) return;
      this.#entries.delete(key);
    }
  }
}

import type { CounterCall, CounterResult, CounterStore } from "../counter-store.ts";

/** How long a call's id is remembered: longer than any retry of ours. */
const rememberMs = 3_600_000;
const sweepEveryMs = 30_000;
/** So many ids are remembered at most, whatever their age. */
const maxAnswers = 100_000;

interface Counter {
  value: number;
  expiresAtMs: number;
}

/** Counters in this process. Lost at a restart; bounded, because expired windows and old ids are dropped. */
export class MemoryCounterStore implements CounterStore {
  readonly #nowMs: () => number;
  readonly #counters = new Map<string, Counter>();
  /** Insertion order is time order. */
  readonly #answers = new Map<string, { readonly atMs: number; readonly results: readonly CounterResult[] }>();
  #sweptMs = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How many counters it holds. */
  get size(): number {
    return this.#counters.size;
  }

  apply(call: CounterCall): Promise<readonly CounterResult[]> {
    return Promise.resolve(this.applyNow(call));
  }

  /** As `apply`, without a promise. */
  applyNow(call: CounterCall): readonly CounterResult[] {
    const now = this.#nowMs();
    if (now - this.#sweptMs >= sweepEveryMs) this.#sweep(now);
    const known = this.#answers.get(call.id);
    if (known !== undefined) return known.results;
    const results = this.#decide(call, now);
    // a check or a refusal changes nothing: repeating it is harmless
    if (call.operations.some(({ add }) => add !== 0) && !results.some(({ overLimit }) => overLimit)) {
      this.#remember(call.id, { atMs: now, results });
    }
    return results;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #decide(call: CounterCall, now: number): readonly CounterResult[] {
    const before = new Map<string, number>();
    const after = new Map<string, number>();
    const over = call.operations.map(({ key, add, refuseAbove }) => {
      const value = after.get(key) ?? this.#read(key, now);
      if (!before.has(key)) before.set(key, value);
      const next = Math.max(0, value + add);
      after.set(key, next);
      return refuseAbove !== undefined && next > refuseAbove;
    });
    const refused = over.includes(true);
    if (!refused) {
      for (const { key, add, expiresAtMs } of call.operations) {
        if (add !== 0) this.#counters.set(key, { value: after.get(key) ?? 0, expiresAtMs });
      }
    }
    const values = refused ? before : after;
    return call.operations.map(({ key }, index) => ({ value: values.get(key) ?? 0, overLimit: over[index] === true }));
  }

  #remember(id: string, answer: { readonly atMs: number; readonly results: readonly CounterResult[] }): void {
    this.#answers.set(id, answer);
    if (this.#answers.size <= maxAnswers) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  #read(key: string, now: number): number {
    const counter = this.#counters.get(key);
    return counter === undefined || counter.expiresAtMs <= now ? 0 : counter.value;
  }

  #sweep(now: number): void {
    this.#sweptMs = now;
    for (const [key, { expiresAtMs }] of this.#counters) if (expiresAtMs <= now) this.#counters.delete(key);
    for (const [id, { atMs }] of this.#answers) {
      if (atMs + rememberMs > now) break;
      this.#answers.delete(id);
    }
  }
}

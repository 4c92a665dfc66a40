import type { CounterCall, CounterOperation, CounterResult } from "./counter-store.ts";
import { MemoryCounterStore } from "./stores/memory.ts";

/**
 * Counts in memory while the store is away (limits.md L18). It starts from the last values that the store told, so that an
 * outage does not hand everybody a fresh budget. Bounded by `maxKeys`, oldest first.
 */
export class LocalCounters {
  readonly #maxKeys: number;
  readonly #nowMs: () => number;
  readonly #lastSeen = new Map<string, { readonly value: number; readonly expiresAtMs: number }>();
  #memory: MemoryCounterStore;
  #seeded = new Set<string>();

  constructor(maxKeys: number, nowMs: () => number) {
    this.#maxKeys = maxKeys;
    this.#nowMs = nowMs;
    this.#memory = new MemoryCounterStore(nowMs);
  }

  /** The store told this value. */
  seen({ key, expiresAtMs }: CounterOperation, value: number): void {
    this.#lastSeen.delete(key);
    if (value > 0) this.#lastSeen.set(key, { value, expiresAtMs });
    if (this.#lastSeen.size > this.#maxKeys) {
      const [oldest] = this.#lastSeen.keys();
      if (oldest !== undefined) this.#lastSeen.delete(oldest);
    }
  }

  apply(call: CounterCall): readonly CounterResult[] {
    for (const operation of call.operations) this.#seed(operation);
    return this.#memory.applyNow(call);
  }

  /** The values without adding anything. */
  read(operations: readonly CounterOperation[]): readonly CounterResult[] {
    return this.apply({ id: "", operations: operations.map((operation) => ({ ...operation, add: 0 })) });
  }

  /** The store is back and has everything: the next outage starts from what it tells then. */
  forget(): void {
    if (this.#seeded.size === 0) return;
    this.#memory = new MemoryCounterStore(this.#nowMs);
    this.#seeded = new Set();
  }

  #seed({ key }: CounterOperation): void {
    if (this.#seeded.has(key)) return;
    this.#seeded.add(key);
    const known = this.#lastSeen.get(key);
    if (known === undefined) return;
    this.#memory.applyNow({
      id: `seed ${key}`,
      operations: [{ key, add: known.value, refuseAbove: undefined, expiresAtMs: known.expiresAtMs }],
    });
  }
}

/**
 * Where rate limits count (limits.md L13–L15, L18, L19). One implementation per folder entry in `stores/`; all pass
 * test/ratelimit/stores/counter-store.contract.ts.
 */
export interface CounterStore {
  /**
   * Decides and counts all operations of a call in one round trip, atomically: if any `check` operation is over its limit,
   * nothing of the call is added. The same `id` applies once: a repetition of a call that added gets the recorded answer. A
   * refusal added nothing and is not recorded, so a repetition of it is decided anew.
   * @throws StoreUnavailable when the store does not answer within its time limit
   */
  apply(call: CounterCall): Promise<readonly CounterResult[]>;
  close(): Promise<void>;
}

export interface CounterCall {
  /** Random; makes a repetition harmless. */
  readonly id: string;
  readonly operations: readonly CounterOperation[];
}

export interface CounterOperation {
  /** Counter key with window and unit in it; see keys.ts. */
  readonly key: string;
  /** May be negative. The counter never falls below 0. */
  readonly add: number;
  /** Refuse the call when the counter after adding would be above this; undefined = a charge, never refused. */
  readonly refuseAbove: number | undefined;
  /** When the counter may be forgotten, milliseconds since the epoch (end of the window and a margin). */
  readonly expiresAtMs: number;
}

/** Results stand in the order of the operations. */
export interface CounterResult {
  /** The counter after the call (what was added included, if it was). */
  readonly value: number;
  readonly overLimit: boolean;
}

export class StoreUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreUnavailable";
  }
}

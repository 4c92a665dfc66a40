import type { CounterCall, CounterOperation } from "../counter-store.ts";
import { callKey } from "../keys.ts";
import { hashSlot, tagOfSlot } from "./hash-slot.ts";

/** The part of a call whose counters lie in one hash slot. */
export interface Share {
  readonly slot: number;
  /** Where the call's answer is kept, in the same slot. */
  readonly callKey: string;
  readonly operations: readonly CounterOperation[];
  /** Where each operation stands in the call. */
  readonly places: readonly number[];
}

export function sharesOf(call: CounterCall): readonly Share[] {
  const bySlot = new Map<number, { readonly operations: CounterOperation[]; readonly places: number[] }>();
  for (const [place, operation] of call.operations.entries()) {
    const slot = hashSlot(operation.key);
    const share = bySlot.get(slot) ?? { operations: [], places: [] };
    bySlot.set(slot, share);
    share.operations.push(operation);
    share.places.push(place);
  }
  return [...bySlot].map(([slot, share]) => ({ slot, callKey: callKey(`{${tagOfSlot(slot)}}:${call.id}`), ...share }));
}

import type { LedgerRecord } from "../ledger/segment.ts";

/** A value as it comes back from a checked line: JSON has no bigint, `encodeLine` writes its decimal text. */
export type Wire<T> = T extends bigint
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [Name in keyof T]: Wire<T[Name]> }
      : T;

/** What the line was made of. Its checksum was good and it is ours, so its shape is trusted. */
export function asWire<T extends LedgerRecord>(record: LedgerRecord): Wire<T> {
  return record as Wire<T>;
}

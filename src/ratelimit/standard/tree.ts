import type { LimitUnit } from "../../core/runtime-config.ts";

/** Limits of the standard rate-limit service (limits.md L17), by domain. */
export type StandardLimits = ReadonlyMap<string, StandardNode>;

/** One level of a domain's tree: the entries that a descriptor's next entry is looked up among, in this order. */
export interface StandardNode {
  /** By key, then by value. */
  readonly exact: ReadonlyMap<string, ReadonlyMap<string, StandardEntry>>;
  /** In the order written; the first that matches is taken. */
  readonly wildcards: readonly StandardEntry[];
  /** Entries without a value, by key: they match every value, each counted apart. */
  readonly anyValue: ReadonlyMap<string, StandardEntry>;
}

export interface StandardEntry {
  readonly key: string;
  /** undefined = any. May end in `*`. */
  readonly value: string | undefined;
  readonly limit: StandardLimit | undefined;
  /** Of a wildcard: all values that it matches count together. */
  readonly shareThreshold: boolean;
  /** The value of the request is part of the metric's key. */
  readonly valueToMetric: boolean;
  readonly children: StandardNode;
}

export interface StandardLimit {
  readonly requestsPerUnit: number;
  readonly unit: LimitUnit;
  readonly unlimited: boolean;
  /** "" = none. */
  readonly name: string;
  /** Names of limits that do not apply to a call that this one applies to. */
  readonly replaces: readonly string[];
  /** Counts and never refuses; the same holds for the service's `quota_mode`. */
  readonly shadowMode: boolean;
  /** The metric's key has the request's values. */
  readonly detailedMetric: boolean;
}

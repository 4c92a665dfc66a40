import type { StandardEntry, StandardLimit, StandardNode } from "./tree.ts";

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

export interface FoundLimit {
  readonly limit: StandardLimit;
  /** What is counted together: the descriptor, with the pattern instead of the value where a threshold is shared. */
  readonly counted: readonly string[];
  /** How metrics call it: `domain.key_value.key`. */
  readonly metricKey: string;
}

function isMatch({ key, value }: StandardEntry, entry: DescriptorEntry): boolean {
  if (value !== undefined) return key === entry.key && entry.value.startsWith(value.slice(0, -1));
  // a key that ends in * covers what the service would call key_value
  return `${entry.key}_${entry.value}`.startsWith(key.slice(0, -1));
}

function next(node: StandardNode, entry: DescriptorEntry): StandardEntry | undefined {
  return (
    node.exact.get(entry.key)?.get(entry.value) ??
    node.wildcards.find((candidate) => isMatch(candidate, entry)) ??
    node.anyValue.get(entry.key)
  );
}

/** What stands for an entry in a metric's key. */
function metricWord(step: StandardEntry, entry: DescriptorEntry, detailed: boolean): string {
  const { key, value, shareThreshold, valueToMetric } = step;
  const shown = (valueToMetric || detailed) && !shareThreshold ? entry.value : value;
  return shown === undefined || shown === "" ? key : `${key}_${shown}`;
}

/**
 * The limit of a descriptor: level by level the entry with its value, else the first wildcard, else the one without a value. The
 * limit must stand exactly at the descriptor's last entry (limits.md L17); undefined = nothing limits it.
 */
export function findLimit(
  domain: string,
  root: StandardNode,
  entries: readonly DescriptorEntry[],
): FoundLimit | undefined {
  const counted: string[] = [];
  const path: StandardEntry[] = [];
  let node = root;
  for (const entry of entries) {
    const found = next(node, entry);
    if (found === undefined) return undefined;
    path.push(found);
    counted.push(entry.key, found.shareThreshold ? (found.value ?? found.key) : entry.value);
    node = found.children;
  }
  const limit = path.at(-1)?.limit;
  if (limit === undefined) return undefined;
  const words = path.map((step, index) =>
    metricWord(step, entries[index] ?? { key: step.key, value: "" }, limit.detailedMetric),
  );
  return { limit, counted, metricKey: [domain, ...words].join(".") };
}

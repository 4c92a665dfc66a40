import type { PriceBook, PriceEntry, PriceQuery } from "../core/prices.ts";
import { dearestListPrice, listPrice, listVersion } from "./list-prices.ts";

const scopeRank = { Backend: 2, Provider: 1, All: 0 } as const;

/** A name itself before a longer beginning of names before a shorter one. */
function exactness({ model }: PriceEntry): number {
  return model.endsWith("*") ? model.length : Number.POSITIVE_INFINITY;
}

function compare(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}

/** Backend before provider before all, then the more exact name, then what began later. */
function byPreference(a: PriceEntry, b: PriceEntry): number {
  return (
    compare(scopeRank[a.scope.kind], scopeRank[b.scope.kind]) ||
    compare(exactness(a), exactness(b)) ||
    compare(a.fromMs ?? Number.NEGATIVE_INFINITY, b.fromMs ?? Number.NEGATIVE_INFINITY)
  );
}

function isFor({ scope, namespace }: PriceEntry, { backendId, provider }: PriceQuery): boolean {
  if (scope.kind === "Backend") return scope.backendId === backendId;
  if (backendId !== undefined && !backendId.startsWith(`${namespace}/`)) return false;
  return scope.kind === "All" || scope.provider === provider;
}

function applies(entry: PriceEntry, query: PriceQuery): boolean {
  const { model, fromMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = entry;
  const isNamed = model.endsWith("*") ? query.model.startsWith(model.slice(0, -1)) : query.model === model;
  return isNamed && query.atMs >= fromMs && query.atMs < untilMs && isFor(entry, query);
}

/** Configured prices before the dated list (limits.md L30). `contentHash` of the entries becomes part of the version. */
export function makePriceBook(entries: readonly PriceEntry[], contentHash: string): PriceBook {
  const preferred = [...entries].sort(byPreference);
  const patterns = preferred.filter(({ model }) => model.endsWith("*"));
  const byName = new Map<string, PriceEntry[]>();
  for (const entry of preferred) {
    const named = byName.get(entry.model);
    if (named === undefined) byName.set(entry.model, [entry]);
    else named.push(entry);
  }
  const find: PriceBook["find"] = (query) => {
    const [chosen] = [byName.get(query.model) ?? [], patterns]
      .flatMap((candidates) => candidates.find((entry) => applies(entry, query)) ?? [])
      .sort(byPreference);
    return chosen?.price ?? listPrice(query.provider, query.model, query.atMs);
  };
  return {
    version: entries.length === 0 ? listVersion : `${listVersion} + ${contentHash}`,
    find,
    quote: (query) => {
      const price = find(query);
      return price === undefined ? { price: dearestListPrice(query.provider), known: false } : { price, known: true };
    },
  };
}

import { parseStoreUrl } from "../lib/store-url.ts";

/** How people are told of a store: without what its URL may hold of credentials. */
export function storeName(url: string): string {
  return parseStoreUrl(url)?.name ?? "an unknown store";
}

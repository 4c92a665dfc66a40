import { parseStoreUrl, storeUrlForms } from "../../lib/store-url.ts";
import type { CounterStore } from "../counter-store.ts";
import { MemoryCounterStore } from "./memory.ts";
import { RedisCounterStore } from "./redis.ts";
import { RedisClusterCounterStore } from "./redis-cluster.ts";

export interface StoreOptions {
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  readonly onState: (state: "connected" | "lost", reason: string) => void;
}

/**
 * The store for a URL.
 * @throws Error that names the forms there are (never the URL, which may hold a password)
 */
export function makeStore(url: string, options: StoreOptions): CounterStore {
  const { timeoutMs, onState } = options;
  switch (parseStoreUrl(url)?.kind) {
    case "memory":
      return new MemoryCounterStore(options.nowMs);
    case "redis":
    case "sentinel":
      return new RedisCounterStore({ url, timeoutMs, onState });
    case "cluster":
      return new RedisClusterCounterStore({ url, timeoutMs, onState });
    case undefined:
      throw new Error(`the store's URL must be ${storeUrlForms}`);
  }
}

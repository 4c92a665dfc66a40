import type { CounterStore } from "../counter-store.ts";
import { MemoryCounterStore } from "./memory.ts";
import { RedisCounterStore } from "./redis.ts";

export interface StoreOptions {
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  readonly onState: (state: "connected" | "lost", reason: string) => void;
}

/**
 * The store for a URL.
 * @throws Error that names the schemes there are (never the URL, which may hold a password)
 */
export function makeStore(url: string, options: StoreOptions): CounterStore {
  if (url.startsWith("memory:")) return new MemoryCounterStore(options.nowMs);
  if (/^rediss?:\/\//.test(url) && URL.canParse(url))
    return new RedisCounterStore({ url, timeoutMs: options.timeoutMs, onState: options.onState });
  throw new Error("the store's URL must be memory://, redis://host:port or rediss://host:port");
}

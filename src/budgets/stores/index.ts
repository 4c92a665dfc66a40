import type { RedisClientOptions } from "../../lib/stores/redis-client.ts";
import { connectStore } from "../../lib/stores/redis-client.ts";
import { type Durability, readDurability } from "./durability.ts";
import { RedisBudgetStore } from "./redis.ts";

export interface BudgetStoreOptions {
  /** How long an operation waits for its answer. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  /** The epoch of the data that this gateway knew last (`RedisBudgetStore.epoch`); undefined = it takes what is there. */
  readonly epoch?: string | undefined;
  readonly onState: RedisClientOptions["onState"];
}

export interface ConnectedBudgetStore {
  /** An operation that timed out may have been applied: repeat it with its id. Its `close` leaves the connection open. */
  readonly store: RedisBudgetStore;
  /** For messages: without credentials. */
  readonly place: string;
  /** @throws BudgetStoreUnavailable */
  durability(): Promise<Durability>;
  close(): void;
}

/**
 * The budget store for a URL of Redis, Sentinels or a Redis Cluster.
 * @throws Error that names the forms there are (never the URL, which may hold a password)
 */
export function makeBudgetStore(
  url: string,
  { timeoutMs, nowMs, epoch, onState }: BudgetStoreOptions,
): ConnectedBudgetStore {
  const { client, place, close } = connectStore(url, { onState });
  const known = epoch === undefined ? {} : { epoch };
  return {
    store: new RedisBudgetStore({ client, place, timeoutMs, nowMs, ...known }),
    place,
    durability: () => readDurability(client, place, timeoutMs),
    close,
  };
}

import type { Redis } from "ioredis";
import { parseStoreUrl, storeUrlForms } from "../../lib/store-url.ts";
import { inTime } from "../../lib/stores/in-time.ts";
import { connectRedis, type RedisConnection } from "../../lib/stores/redis-client.ts";
import { type CounterCall, type CounterResult, type CounterStore, StoreUnavailable } from "../counter-store.ts";
import { callKey } from "../keys.ts";
import { runApply, type ScriptCommands, scripts } from "./script-call.ts";

export interface RedisStoreOptions {
  /** Of one server or of Sentinels. */
  readonly url: string;
  /** How long a call waits for its answer. */
  readonly timeoutMs: number;
  /** Told when the connection is lost and found again; the message holds no credentials. */
  readonly onState: (state: "connected" | "lost", reason: string) => void;
}

/** Counters on one Redis, or on the master that Sentinels name: one script call, one round trip. */
export class RedisCounterStore implements CounterStore {
  readonly #connection: RedisConnection<Redis>;
  readonly #timeoutMs: number;

  constructor({ url: text, timeoutMs, onState }: RedisStoreOptions) {
    const url = parseStoreUrl(text);
    if (url?.kind !== "redis" && url?.kind !== "sentinel") throw new Error(`the store's URL must be ${storeUrlForms}`);
    this.#timeoutMs = timeoutMs;
    this.#connection = connectRedis(url, { scripts, onState });
  }

  /** Settles when the server was reached for the first time; rejects after `limitMs`. */
  async ready(limitMs: number): Promise<void> {
    const { client, place } = this.#connection;
    if (client.status === "ready") return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        client.off("ready", found);
        reject(new StoreUnavailable(`${place} was not reached within ${limitMs} ms`));
      }, limitMs);
      const found = (): void => {
        clearTimeout(timer);
        resolve();
      };
      client.once("ready", found);
    });
  }

  async apply(call: CounterCall): Promise<readonly CounterResult[]> {
    const client = this.#connection.client as Redis & ScriptCommands;
    const answer = runApply(client, callKey(call.id), call.operations, 0);
    return await inTime(answer, this.#timeoutMs, this.#connection.place, StoreUnavailable);
  }

  async close(): Promise<void> {
    this.#connection.close();
    await Promise.resolve();
  }
}

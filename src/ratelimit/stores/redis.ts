import { Redis } from "ioredis";
import { type CounterCall, type CounterResult, type CounterStore, StoreUnavailable } from "../counter-store.ts";
import { callKey } from "../keys.ts";
import { applyScript } from "./redis-script.ts";

const rememberSeconds = 86_400;
const maxReconnectMs = 2_000;

export interface RedisStoreOptions {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** How long a call waits for its answer. */
  readonly timeoutMs: number;
  /** Told when the connection is lost and found again; the message holds no credentials. */
  readonly onState: (state: "connected" | "lost", reason: string) => void;
}

/** `redis://user:secret@host:6379/0` as `host:6379`. */
function placeOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === "" ? "6379" : port}`;
}

/** Counters on one Redis: one script call, one round trip. */
export class RedisCounterStore implements CounterStore {
  readonly #client: Redis;
  readonly #options: RedisStoreOptions;
  readonly #place: string;
  #state: "connected" | "lost" | "new" | "closed" = "new";

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#place = placeOf(options.url);
    this.#client = new Redis(options.url, {
      // a call either reaches the server now or fails now: no queue that builds up while it is away
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      connectTimeout: 2_000,
      retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), maxReconnectMs),
      scripts: { tollgateApply: { lua: applyScript } },
    });
    this.#client.on("ready", () => this.#tell("connected", ""));
    this.#client.on("close", () => this.#tell("lost", "the connection was closed"));
    this.#client.on("error", (error: NodeJS.ErrnoException) => this.#tell("lost", error.code ?? "connection failed"));
  }

  /** Settles when the server was reached for the first time; rejects after `limitMs`. */
  async ready(limitMs: number): Promise<void> {
    if (this.#client.status === "ready") return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#client.off("ready", found);
        reject(new StoreUnavailable(`Redis at ${this.#place} was not reached within ${limitMs} ms`));
      }, limitMs);
      const found = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#client.once("ready", found);
    });
  }

  async apply(call: CounterCall): Promise<readonly CounterResult[]> {
    const keys = [callKey(call.id), ...call.operations.map(({ key }) => key)];
    const args = call.operations.flatMap(({ add, refuseAbove, expiresAtMs }) => [
      add,
      refuseAbove ?? "",
      Math.ceil(expiresAtMs),
    ]);
    const client = this.#client as Redis & {
      tollgateApply(numberOfKeys: number, ...rest: (string | number)[]): Promise<string>;
    };
    const answer = await this.#inTime(client.tollgateApply(keys.length, ...keys, rememberSeconds, ...args));
    const words = answer.split(" ");
    return call.operations.map((_, index) => ({
      value: Number(words[index * 2]),
      overLimit: words[index * 2 + 1] === "1",
    }));
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#client.disconnect();
    await Promise.resolve();
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(new StoreUnavailable(`Redis at ${this.#place} did not answer within ${this.#options.timeoutMs} ms`)),
        this.#options.timeoutMs,
      );
    });
    try {
      return await Promise.race([answer, limit]);
    } catch (cause) {
      if (cause instanceof StoreUnavailable) {
        answer.catch(() => undefined); // the late failure was already answered for
        throw cause;
      }
      throw new StoreUnavailable(`Redis at ${this.#place} failed`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(state: "connected" | "lost", reason: string): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#options.onState(state, reason === "" ? `Redis at ${this.#place}` : `Redis at ${this.#place}: ${reason}`);
  }
}

import { Redis } from "ioredis";
import { parseStoreUrl, type StoreUrl, storeUrlForms } from "../../lib/store-url.ts";
import { type CounterCall, type CounterResult, type CounterStore, StoreUnavailable } from "../counter-store.ts";
import { callKey } from "../keys.ts";
import { failureReason } from "./failure-reason.ts";
import { inTime } from "./in-time.ts";
import { runApply, type ScriptCommands, scripts } from "./script-call.ts";

const maxReconnectMs = 2_000;
/** A server that answers nothing for so long is asked for anew: another may have taken its place. */
export const hangingAfterMs = 3_000;

export interface RedisStoreOptions {
  /** Of one server or of Sentinels. */
  readonly url: string;
  /** How long a call waits for its answer. */
  readonly timeoutMs: number;
  /** Told when the connection is lost and found again; the message holds no credentials. */
  readonly onState: (state: "connected" | "lost", reason: string) => void;
}

const clientOptions = {
  // a call either reaches the server now or fails now: no queue that builds up while it is away
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 2_000,
  socketTimeout: hangingAfterMs,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), maxReconnectMs),
  scripts,
};

function makeClient(url: StoreUrl): Redis {
  if (url.kind === "redis") return new Redis(url.url, clientOptions);
  if (url.kind !== "sentinel") throw new Error(`the store's URL must be ${storeUrlForms}`);
  const { nodes, masterName, database, username, password, sentinelLogin, tls } = url;
  return new Redis({
    ...clientOptions,
    sentinels: [...nodes],
    name: masterName,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(sentinelLogin.username === undefined ? {} : { sentinelUsername: sentinelLogin.username }),
    ...(sentinelLogin.password === undefined ? {} : { sentinelPassword: sentinelLogin.password }),
    ...(tls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    sentinelRetryStrategy: clientOptions.retryStrategy,
    // a master that was demoted keeps its connections and refuses writes: ask the Sentinels again
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
  });
}

function placeOf(url: StoreUrl): string {
  if (url.kind === "redis") return `Redis at ${url.node.host}:${url.node.port}`;
  return `Redis at ${url.name}`;
}

/** Counters on one Redis, or on the master that Sentinels name: one script call, one round trip. */
export class RedisCounterStore implements CounterStore {
  readonly #client: Redis;
  readonly #options: RedisStoreOptions;
  readonly #place: string;
  #state: "connected" | "lost" | "new" | "closed" = "new";

  constructor(options: RedisStoreOptions) {
    const url = parseStoreUrl(options.url);
    if (url === undefined) throw new Error(`the store's URL must be ${storeUrlForms}`);
    this.#options = options;
    this.#place = placeOf(url);
    this.#client = makeClient(url);
    this.#client.on("ready", () => this.#tell("connected", ""));
    this.#client.on("end", () => this.#connectAgain());
    this.#client.on("close", () => this.#tell("lost", "the connection was closed"));
    this.#client.on("error", (error) => this.#tell("lost", failureReason(error)));
  }

  /** Settles when the server was reached for the first time; rejects after `limitMs`. */
  async ready(limitMs: number): Promise<void> {
    if (this.#client.status === "ready") return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#client.off("ready", found);
        reject(new StoreUnavailable(`${this.#place} was not reached within ${limitMs} ms`));
      }, limitMs);
      const found = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#client.once("ready", found);
    });
  }

  async apply(call: CounterCall): Promise<readonly CounterResult[]> {
    const client = this.#client as Redis & ScriptCommands;
    const answer = runApply(client, callKey(call.id), call.operations, 0);
    return await inTime(answer, this.#options.timeoutMs, this.#place);
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#client.disconnect();
    await Promise.resolve();
  }

  /** The client has given up, which it does when a fail-over interrupts its questions to the Sentinels. */
  #connectAgain(): void {
    if (this.#state === "closed") return;
    setTimeout(() => {
      // failures are told as events
      if (this.#state !== "closed" && this.#client.status === "end") this.#client.connect().catch(() => undefined);
    }, maxReconnectMs).unref();
  }

  #tell(state: "connected" | "lost", reason: string): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#options.onState(state, reason === "" ? this.#place : `${this.#place}: ${reason}`);
  }
}

import { Cluster } from "ioredis";
import { parseStoreUrl, type StoreUrl, storeUrlForms } from "../../lib/store-url.ts";
import { type CounterCall, type CounterResult, type CounterStore, StoreUnavailable } from "../counter-store.ts";
import { failureReason } from "./failure-reason.ts";
import { slotCount, tagOfSlot } from "./hash-slot.ts";
import { inTime } from "./in-time.ts";
import { hangingAfterMs, type RedisStoreOptions } from "./redis.ts";
import { runApply, runTakeBack, type ScriptCommands, scripts } from "./script-call.ts";
import { type Share, sharesOf } from "./shares.ts";
import { SlotHealth } from "./slot-health.ts";

const maxReconnectMs = 2_000;
/** Commands that meet a closed connection or a moved slot are sent again so often, after so long. */
const maxRedirections = 6;
const retryDelayMs = 20;
const refreshSlotsEveryMs = 5_000;
/** So many take-backs wait for a server that is away; what is dropped stays counted. */
const maxTakeBacks = 10_000;

function makeClient({ nodes, username, password, tls }: StoreUrl & { readonly kind: "cluster" }): Cluster {
  return new Cluster([...nodes], {
    enableOfflineQueue: false,
    scripts,
    maxRedirections,
    retryDelayOnFailover: retryDelayMs,
    retryDelayOnClusterDown: retryDelayMs,
    retryDelayOnTryAgain: retryDelayMs,
    // a server that hangs is not noticed otherwise when its replica takes over
    slotsRefreshInterval: refreshSlotsEveryMs,
    clusterRetryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), maxReconnectMs),
    // names go to the servers as they are, so that certificates are checked against them
    dnsLookup: (address, found) => found(null, address),
    redisOptions: {
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      connectTimeout: 2_000,
      socketTimeout: hangingAfterMs,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls ? { tls: {} } : {}),
    },
  });
}

interface TakeBack {
  readonly share: Share;
  readonly attempt: number;
}

/**
 * Counters on a Redis Cluster (limits.md L15): one script call per hash slot, all at once. A call that one slot refuses, or that one
 * does not answer, is taken back in the others: they count too much for a moment, never too little. Each attempt has a number, and
 * each slot records the last that touched a call: a take-back that comes late takes nothing from a later attempt that relies on it.
 */
export class RedisClusterCounterStore implements CounterStore {
  readonly #client: Cluster & ScriptCommands;
  readonly #options: RedisStoreOptions;
  readonly #place: string;
  readonly #health: SlotHealth;
  #waiting: TakeBack[] = [];
  #attempts = Date.now() * 1_000;

  constructor(options: RedisStoreOptions) {
    const url = parseStoreUrl(options.url);
    if (url?.kind !== "cluster") throw new Error(`the store's URL must be ${storeUrlForms}`);
    this.#options = options;
    this.#place = `Redis Cluster at ${url.name}`;
    this.#health = new SlotHealth({
      probe: (slot) => this.#probe(slot),
      changed: (state, reason) => options.onState(state, reason === "" ? this.#place : reason),
      whole: () => this.#takeBackWaiting(),
    });
    this.#client = makeClient(url) as Cluster & ScriptCommands;
    this.#client.on("ready", () => this.#health.reached());
    this.#client.on("close", () => this.#health.lost(`${this.#place}: the connections were closed`));
    this.#client.on("error", (error) =>
      this.#health.lost(`${this.#place}: no node could be used: ${failureReason(error)}`),
    );
  }

  /** Settles when the whole cluster answers; rejects after `limitMs`. */
  async ready(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      try {
        await this.#probeAll();
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
      }
    }
  }

  async apply(call: CounterCall): Promise<readonly CounterResult[]> {
    if (call.operations.length === 0) {
      await this.#probeAll();
      return [];
    }
    const deadline = performance.now() + this.#options.timeoutMs;
    const attempt = ++this.#attempts;
    const shares = sharesOf(call);
    const settled = await Promise.allSettled(
      shares.map((share) => this.#run(share, runApply(this.#client, share.callKey, share.operations, attempt))),
    );
    const failure = settled.find((one) => one.status === "rejected");
    if (failure !== undefined) {
      // a charge stays: it is repeated until all of it is there
      if (call.operations.some(({ refuseAbove }) => refuseAbove !== undefined))
        for (const share of shares) void this.#takeBack({ share, attempt }, this.#options.timeoutMs);
      throw failure.reason;
    }
    const answers = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const refuses = answers.map((results) => results.some(({ overLimit }) => overLimit));
    const decided = refuses.includes(true)
      ? await Promise.all(
          shares.map(async (share, index) => {
            const answer = answers[index] ?? [];
            if (refuses[index] === true || share.operations.every(({ add }) => add === 0)) return answer;
            return (await this.#takeBack({ share, attempt }, Math.max(1, deadline - performance.now()))) ?? answer;
          }),
        )
      : answers;
    const results = new Array<CounterResult>(call.operations.length);
    for (const [index, { places }] of shares.entries())
      for (const [position, place] of places.entries())
        results[place] = decided[index]?.[position] ?? { value: 0, overLimit: false };
    return results;
  }

  async close(): Promise<void> {
    this.#health.close();
    this.#client.disconnect();
    await Promise.resolve();
  }

  async #run<T>(
    { slot }: { readonly slot: number },
    answer: Promise<T>,
    limitMs = this.#options.timeoutMs,
  ): Promise<T> {
    try {
      const given = await inTime(answer, limitMs, this.#place);
      this.#health.answered(slot);
      return given;
    } catch (error) {
      this.#health.failed(slot);
      throw error;
    }
  }

  /** The counters' values afterwards; undefined when the server did not answer: it is asked again when it is back. */
  async #takeBack(one: TakeBack, limitMs: number): Promise<readonly CounterResult[] | undefined> {
    const { share, attempt } = one;
    try {
      return await this.#run(share, runTakeBack(this.#client, share.callKey, share.operations, attempt), limitMs);
    } catch {
      // `run` has told; over-counting is what a lost server costs
      if (this.#waiting.length < maxTakeBacks) this.#waiting.push(one);
      return undefined;
    }
  }

  #takeBackWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) void this.#takeBack(one, this.#options.timeoutMs);
  }

  async #probe(slot: number): Promise<void> {
    await inTime(this.#client.exists(`tollgate:probe:{${tagOfSlot(slot)}}`), this.#options.timeoutMs, this.#place);
  }

  /** @throws StoreUnavailable when a part of the cluster does not answer */
  async #probeAll(): Promise<void> {
    if (!this.#health.allAnswer) throw new StoreUnavailable(`a part of the ${this.#place} does not answer`);
    // more than enough to meet every master of an evenly divided cluster
    const slots = Array.from({ length: 16 }, (_, index) => (index * slotCount) / 16);
    await Promise.all(slots.map((slot) => this.#run({ slot }, this.#probe(slot))));
  }
}

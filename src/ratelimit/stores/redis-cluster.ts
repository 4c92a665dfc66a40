import type { Cluster } from "ioredis";
import { parseStoreUrl, storeUrlForms } from "../../lib/store-url.ts";
import { inTime } from "../../lib/stores/in-time.ts";
import { clusterRetryDelayMs, connectCluster, type RedisConnection } from "../../lib/stores/redis-client.ts";
import { type CounterCall, type CounterResult, type CounterStore, StoreUnavailable } from "../counter-store.ts";
import { slotCount, tagOfSlot } from "./hash-slot.ts";
import type { RedisStoreOptions } from "./redis.ts";
import { runApply, runTakeBack, type ScriptCommands, scripts } from "./script-call.ts";
import { type Share, sharesOf } from "./shares.ts";
import { SlotHealth } from "./slot-health.ts";

/** So many take-backs wait for a server that is away; what is dropped stays counted. */
const maxTakeBacks = 10_000;

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
  readonly #connection: RedisConnection<Cluster>;
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
    const tell = (state: "connected" | "lost", reason: string): void =>
      state === "connected" ? this.#health.reached() : this.#health.lost(reason);
    this.#connection = connectCluster(url, { scripts, onState: tell });
    this.#client = this.#connection.client as Cluster & ScriptCommands;
    this.#place = this.#connection.place;
    this.#health = new SlotHealth({
      probe: (slot) => this.#probe(slot),
      changed: (state, reason) => options.onState(state, reason === "" ? this.#place : reason),
      whole: () => this.#takeBackWaiting(),
    });
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
        await new Promise((resolve) => setTimeout(resolve, clusterRetryDelayMs));
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
    this.#connection.close();
    await Promise.resolve();
  }

  async #run<T>(
    { slot }: { readonly slot: number },
    answer: Promise<T>,
    limitMs = this.#options.timeoutMs,
  ): Promise<T> {
    try {
      const given = await inTime(answer, limitMs, this.#place, StoreUnavailable);
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
    const answer = this.#client.exists(`tollgate:probe:{${tagOfSlot(slot)}}`);
    await inTime(answer, this.#options.timeoutMs, this.#place, StoreUnavailable);
  }

  /** @throws StoreUnavailable when a part of the cluster does not answer */
  async #probeAll(): Promise<void> {
    if (!this.#health.allAnswer) throw new StoreUnavailable(`a part of the ${this.#place} does not answer`);
    // more than enough to meet every master of an evenly divided cluster
    const slots = Array.from({ length: 16 }, (_, index) => (index * slotCount) / 16);
    await Promise.all(slots.map((slot) => this.#run({ slot }, this.#probe(slot))));
  }
}

import { randomUUID } from "node:crypto";
import type { Cluster, Redis } from "ioredis";
import { inTime } from "../../lib/stores/in-time.ts";
import type { BookCall, RemoteBudgetStore } from "../booking.ts";
import {
  type AccountQuery,
  BudgetDataLost,
  BudgetStoreUnavailable,
  type Closed,
  type ExpireCall,
  type ExpiredHold,
  type ExtendCall,
  type MeterCall,
  type MeterState,
  type Refused,
  type ReserveCall,
  type Reserved,
  type SettleCall,
  type Settled,
  type Standing,
  type UnknownSession,
} from "../budget-store.ts";
import { checkAmounts, checkBookCall, checkReserveCall, wrongBudgets } from "../check-call.ts";
import {
  bookScript,
  expireScript,
  extendScript,
  meterScript,
  readScript,
  reserveScript,
  settleScript,
} from "./redis-scripts.ts";
import {
  decodeExpired,
  decodeReserved,
  decodeSettled,
  decodeShortages,
  decodeStandings,
  decodeStates,
  encodeAmounts,
  encodeLine,
  encodeQuery,
  encodeSpending,
  parseAnswer,
  type WireAnswer,
} from "./redis-wire.ts";

/** The hash tag holds all keys together: one slot of a Redis Cluster (L39). */
const prefix = "tollgate:{budgets}";
const epochKey = `${prefix}:epoch`;
const rememberMs = 3_600_000;
const rememberExpiredMs = 86_400_000;

const scripts = {
  tollgateBudgetReserve: reserveScript,
  tollgateBudgetExtend: extendScript,
  tollgateBudgetMeter: meterScript,
  tollgateBudgetSettle: settleScript,
  tollgateBudgetExpire: expireScript,
  tollgateBudgetRead: readScript,
  tollgateBudgetBook: bookScript,
} as const;

type Script = keyof typeof scripts;
type ScriptClient = (Redis | Cluster) & {
  readonly [Name in Script]: (key: string, call: string, prefix: string) => Promise<string>;
};

export interface RedisBudgetStoreOptions {
  /** Connected, and without a queue for commands while it is not. Whoever made it closes it. */
  readonly client: Redis | Cluster;
  /** Named in errors; without credentials: `Redis at host:6379`. */
  readonly place: string;
  /** How long an operation waits for its answer. */
  readonly timeoutMs: number;
  /** This process's clock. It only guesses which windows the store's clock is in. */
  readonly nowMs: () => number;
  /** The epoch of the data that this gateway knew last; undefined = it knows none and takes what is there. */
  readonly epoch?: string;
  /** Tests only: takes the place of the store's own clock. */
  readonly storeNowMs?: () => number;
}

/**
 * Budgets on Redis: an operation is one script, and one round trip (the first one asks for the epoch before).
 * Every operation throws BudgetStoreUnavailable when Redis fails or is late, and BudgetDataLost when it came back without its data.
 */
export class RedisBudgetStore implements RemoteBudgetStore {
  readonly #client: ScriptClient;
  readonly #options: RedisBudgetStoreOptions;
  /** How far the store's clock was found to be ahead. */
  #aheadMs = 0;
  #epoch: string | undefined;

  constructor(options: RedisBudgetStoreOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
    for (const [name, lua] of Object.entries(scripts)) options.client.defineCommand(name, { numberOfKeys: 1, lua });
    this.#client = options.client as ScriptClient;
  }

  async reserve(call: ReserveCall): Promise<Reserved | Refused | Closed> {
    checkReserveCall(call);
    const { id, sessionId, owner, timeToLiveMs, priceVersion, lines } = call;
    const answer = await this.#runInWindow("tollgateBudgetReserve", (nowMs) => ({
      id,
      session: sessionId,
      owner,
      ttl: timeToLiveMs,
      price: priceVersion,
      rememberMs,
      lines: lines.map((line) => encodeLine(line, nowMs)),
    }));
    return this.#reserved(answer);
  }

  async extend({ id, sessionId, amounts }: ExtendCall): Promise<Reserved | Refused | Closed> {
    const call = { id, session: sessionId, amounts: encodeAmounts(checkAmounts(amounts)), rememberMs };
    const answer = await this.#run("tollgateBudgetExtend", call);
    if (answer.kind === "mismatch") throw wrongBudgets(sessionId);
    return this.#reserved(answer);
  }

  async meter({ timeToLiveMs, sessions }: MeterCall): Promise<readonly MeterState[]> {
    const answer = await this.#run("tollgateBudgetMeter", {
      ttl: timeToLiveMs,
      sessions: sessions.map(({ sessionId, amounts }) => ({
        session: sessionId,
        amounts: encodeAmounts(checkAmounts(amounts)),
      })),
    });
    if (answer.kind === "mismatch") throw wrongBudgets(answer.session ?? "");
    if (answer.kind === "metered") return decodeStates(answer.states);
    throw this.#unexpected(answer);
  }

  async settle({ id, sessionId, amounts }: SettleCall): Promise<Settled | UnknownSession> {
    const call = { id, session: sessionId, amounts: encodeAmounts(checkAmounts(amounts)), rememberMs };
    const answer = await this.#run("tollgateBudgetSettle", call);
    if (answer.kind === "mismatch") throw wrongBudgets(sessionId);
    if (answer.kind === "unknown") return answer;
    if (answer.kind === "settled") return decodeSettled(answer);
    throw this.#unexpected(answer);
  }

  async expire({ id, maxHolds }: ExpireCall): Promise<readonly ExpiredHold[]> {
    const answer = await this.#run("tollgateBudgetExpire", { id, max: maxHolds, rememberMs, rememberExpiredMs });
    if (answer.kind === "expired") return decodeExpired(answer.holds);
    throw this.#unexpected(answer);
  }

  async read(accounts: readonly AccountQuery[]): Promise<readonly Standing[]> {
    const answer = await this.#runInWindow("tollgateBudgetRead", (nowMs) => ({
      lines: accounts.map((query) => encodeQuery(query, nowMs)),
    }));
    if (answer.kind === "standings") return decodeStandings(answer.standings);
    throw this.#unexpected(answer);
  }

  async close(): Promise<void> {}

  async book(call: BookCall): Promise<void> {
    await this.#book(call, await this.epoch());
  }

  async rebuild(calls: readonly BookCall[]): Promise<void> {
    const epoch = await this.#presentEpoch();
    for (const call of calls) await this.#book(call, epoch);
    this.#epoch = epoch;
  }

  /** Names the data (L39): a Redis that lost everything has no epoch or another one. To be kept for the next start. */
  async epoch(): Promise<string> {
    this.#epoch ??= await this.#presentEpoch();
    return this.#epoch;
  }

  acceptLoss(): void {
    this.#epoch = undefined;
  }

  /** Of the data that is there now. */
  async #presentEpoch(): Promise<string> {
    await this.#inTime(this.#client.set(epochKey, randomUUID(), "NX"));
    const epoch = await this.#inTime(this.#client.get(epochKey));
    if (epoch === null) throw new BudgetStoreUnavailable(`${this.#options.place} does not keep what is written`);
    return epoch;
  }

  async #book(call: BookCall, epoch: string): Promise<void> {
    checkBookCall(call);
    const answer = await this.#run(
      "tollgateBudgetBook",
      { id: call.id, lines: call.spendings.map(encodeSpending) },
      epoch,
    );
    if (answer.kind !== "booked") throw this.#unexpected(answer);
  }

  #reserved(answer: WireAnswer): Reserved | Refused | Closed {
    if (answer.kind === "reserved") return decodeReserved(answer);
    if (answer.kind === "refused") return { kind: "refused", shortages: decodeShortages(answer.shortages) };
    if (answer.kind === "closed") return answer;
    throw this.#unexpected(answer);
  }

  /** For operations in the present window: one round trip, and a second when the store's clock is a window away from what was thought. */
  async #runInWindow(script: Script, callAt: (nowMs: number) => object): Promise<WireAnswer> {
    const answer = await this.#run(script, callAt(this.#options.nowMs() + this.#aheadMs));
    if (answer.kind !== "clock") return answer;
    this.#aheadMs = answer.now - this.#options.nowMs();
    return this.#run(script, callAt(answer.now));
  }

  async #run(script: Script, call: object, knownEpoch?: string): Promise<WireAnswer> {
    const { place, storeNowMs } = this.#options;
    const epoch = knownEpoch ?? (await this.epoch());
    const argument = JSON.stringify({ ...call, epoch, ...(storeNowMs === undefined ? {} : { nowMs: storeNowMs() }) });
    const answer = parseAnswer(await this.#inTime(this.#client[script](epochKey, argument, prefix)));
    if (answer.kind === "lost") throw new BudgetDataLost(`${place} has lost the budgets that it held`);
    return answer;
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    const { place, timeoutMs } = this.#options;
    return inTime(answer, timeoutMs, place, BudgetStoreUnavailable);
  }

  #unexpected({ kind }: WireAnswer): BudgetStoreUnavailable {
    return new BudgetStoreUnavailable(
      `${this.#options.place} gave an answer of kind "${kind}" that does not belong here`,
    );
  }
}

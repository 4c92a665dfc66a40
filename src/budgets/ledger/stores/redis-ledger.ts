import { createHash } from "node:crypto";
import type { Cluster, Redis } from "ioredis";
import type { Ledger, LedgerEntry, RequestRecord } from "../../../core/request-record.ts";
import { inTime } from "../../../lib/stores/in-time.ts";
import type { LedgerEvents } from "../ledger-events.ts";
import { parseEntry } from "../parse-entry.ts";
import { PendingAppends } from "../pending-appends.ts";

/** The hash tag is that of the budgets' keys (limits.md L39). */
const prefix = "tollgate:{budgets}";
const streamKey = `${prefix}:ledger`;
const field = "entry";
const pageEntries = 500;
const dayMs = 86_400_000;

/** KEYS: the stream, then the index keys of the entry. ARGV: entry, about how many entries to keep, how long to keep the index. */
const appendScript = `
local place = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', '${field}', ARGV[1])
for i = 2, #KEYS do redis.call('SET', KEYS[i], place, 'PX', ARGV[3]) end
return place
`;

type LedgerClient = (Redis | Cluster) & {
  readonly tollgateLedgerAppend: (keyCount: number, ...keysAndArguments: readonly string[]) => Promise<string>;
};

export interface RedisLedgerOptions {
  /** As for RedisBudgetStore: connected, without a queue for commands while it is not. Whoever made it closes it. */
  readonly client: Redis | Cluster;
  /** Named in errors; without credentials: `Redis at host:6379`. */
  readonly place: string;
  /** How long a command waits for its answer. */
  readonly timeoutMs: number;
  /** About so many entries of all gateways together. */
  readonly maxEntries: number;
  /** How long a request can be found by id. */
  readonly findForMs: number;
  readonly events: LedgerEvents;
}

export class LedgerUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "LedgerUnavailable";
  }
}

/** Ids of clients may be anything, of any length. */
function indexKey(kind: "session" | "request", id: string): string {
  return `${prefix}:receipt:${kind}:${createHash("sha256").update(id).digest("base64url")}`;
}

function indexKeys(entry: LedgerEntry): readonly string[] {
  if (entry.type !== "request") return [];
  const { session, requestId } = entry;
  return [indexKey("session", session), ...(requestId === undefined ? [] : [indexKey("request", requestId)])];
}

/** Entries in a Redis stream that all gateways share. */
export class RedisLedger implements Ledger {
  readonly kept: string;
  readonly #client: LedgerClient;
  readonly #options: RedisLedgerOptions;
  readonly #pending: PendingAppends;

  constructor(options: RedisLedgerOptions) {
    const { client, maxEntries, findForMs, events } = options;
    client.defineCommand("tollgateLedgerAppend", { lua: appendScript });
    this.#client = client as LedgerClient;
    this.#options = options;
    this.#pending = new PendingAppends(events);
    const days = Math.ceil(findForMs / dayMs);
    const entries = new Intl.NumberFormat("en-US").format(maxEntries);
    this.kept = `${days} ${days === 1 ? "day" : "days"}, and about the last ${entries} requests of all gateways`;
  }

  append(entry: LedgerEntry): void {
    const { maxEntries, findForMs } = this.#options;
    this.#pending.add(async () => {
      const keys = [streamKey, ...indexKeys(entry)];
      const values = [JSON.stringify(entry), String(maxEntries), String(findForMs)];
      await this.#inTime(this.#client.tollgateLedgerAppend(keys.length, ...keys, ...values));
    });
  }

  /** @throws LedgerUnavailable */
  async find(id: string): Promise<RequestRecord | undefined> {
    for (const kind of ["session", "request"] as const) {
      const place = await this.#inTime(this.#client.get(indexKey(kind, id)));
      if (place === null) continue;
      const [found] = await this.#inTime(this.#client.xrange(streamKey, place, place));
      const entry = found && this.#parse(found[1]);
      if (entry?.type === "request") return entry;
    }
    return undefined;
  }

  /** @throws LedgerUnavailable */
  async *entries(): AsyncGenerator<LedgerEntry> {
    for (let after = "-"; ; ) {
      const page = await this.#inTime(this.#client.xrange(streamKey, after, "+", "COUNT", pageEntries));
      for (const [, fields] of page) {
        const entry = this.#parse(fields);
        if (entry !== undefined) yield entry;
      }
      const last = page.at(-1)?.[0];
      if (last === undefined || page.length < pageEntries) return;
      after = `(${last}`;
    }
  }

  async close(): Promise<void> {
    await this.#pending.settled();
  }

  #inTime<T>(answer: Promise<T>): Promise<T> {
    const { timeoutMs, place } = this.#options;
    return inTime(answer, timeoutMs, place, LedgerUnavailable);
  }

  /** The one place that parses what is in the stream: anybody who can write to that Redis may have put it there. */
  #parse(fields: readonly string[]): LedgerEntry | undefined {
    const [name, text = ""] = fields;
    let entry: LedgerEntry | undefined;
    try {
      entry = name === field ? parseEntry(JSON.parse(text)) : undefined;
    } catch {
      entry = undefined; // no JSON
    }
    if (entry === undefined) this.#options.events.skipped();
    return entry;
  }
}

import { Cluster, Redis } from "ioredis";
import { parseStoreUrl, type StoreUrl, storeUrlForms } from "../store-url.ts";
import { failureReason } from "./failure-reason.ts";

const maxReconnectMs = 2_000;
/** A server that answers nothing for so long is asked for anew: another may have taken its place. */
const hangingAfterMs = 3_000;
/** On a cluster, commands that meet a closed connection or a moved slot are sent again so often, after so long. */
const maxRedirections = 6;
export const clusterRetryDelayMs = 20;
const refreshSlotsEveryMs = 5_000;

export interface RedisClientOptions {
  /** Commands that the client gets. */
  readonly scripts?: Readonly<Record<string, { readonly lua: string; readonly numberOfKeys?: number }>>;
  /** Told when the connection is lost and found again; the message names the place and holds no credentials. */
  readonly onState: (state: "connected" | "lost", reason: string) => void;
}

/**
 * A connection that heals itself. A command either reaches a server now or fails now: there is no queue that builds up while it is
 * away. Commands have no time limit of their own: see in-time.ts.
 */
export interface RedisConnection<Client extends Redis | Cluster> {
  readonly client: Client;
  /** For messages: `Redis at host:6379`, without credentials. */
  readonly place: string;
  /** Says nothing more. */
  close(): void;
}

type ServerUrl = StoreUrl & { readonly kind: "redis" | "sentinel" };
type ClusterUrl = StoreUrl & { readonly kind: "cluster" };

function backoffMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), maxReconnectMs);
}

const connectionOptions = {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  connectTimeout: 2_000,
  socketTimeout: hangingAfterMs,
};

function loginOf({
  username,
  password,
}: {
  readonly username: string | undefined;
  readonly password: string | undefined;
}) {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

function makeClient(url: ServerUrl, scripts: RedisClientOptions["scripts"]): Redis {
  const options = {
    ...connectionOptions,
    enableOfflineQueue: false,
    retryStrategy: backoffMs,
    ...(scripts === undefined ? {} : { scripts }),
  };
  if (url.kind === "redis") return new Redis(url.url, options);
  const { nodes, masterName, database, sentinelLogin, tls } = url;
  return new Redis({
    ...options,
    sentinels: [...nodes],
    name: masterName,
    db: database,
    ...loginOf(url),
    ...(sentinelLogin.username === undefined ? {} : { sentinelUsername: sentinelLogin.username }),
    ...(sentinelLogin.password === undefined ? {} : { sentinelPassword: sentinelLogin.password }),
    ...(tls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    sentinelRetryStrategy: backoffMs,
    // a master that was demoted keeps its connections and refuses writes: ask the Sentinels again
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
  });
}

function makeCluster(url: ClusterUrl, scripts: RedisClientOptions["scripts"]): Cluster {
  return new Cluster([...url.nodes], {
    enableOfflineQueue: false,
    ...(scripts === undefined ? {} : { scripts }),
    maxRedirections,
    retryDelayOnFailover: clusterRetryDelayMs,
    retryDelayOnClusterDown: clusterRetryDelayMs,
    retryDelayOnTryAgain: clusterRetryDelayMs,
    // a server that hangs is not noticed otherwise when its replica takes over
    slotsRefreshInterval: refreshSlotsEveryMs,
    clusterRetryStrategy: backoffMs,
    // names go to the servers as they are, so that certificates are checked against them
    dnsLookup: (address, found) => found(null, address),
    redisOptions: { ...connectionOptions, ...loginOf(url), ...(url.tls ? { tls: {} } : {}) },
  });
}

/** Tells changes only; after `close` nothing. */
class StateTeller {
  readonly #onState: RedisClientOptions["onState"];
  readonly #place: string;
  #state: "new" | "connected" | "lost" | "closed" = "new";

  constructor(place: string, onState: RedisClientOptions["onState"]) {
    this.#place = place;
    this.#onState = onState;
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  connected(): void {
    this.#tell("connected", this.#place);
  }

  lost(reason: string): void {
    this.#tell("lost", `${this.#place}: ${reason}`);
  }

  close(): void {
    this.#state = "closed";
  }

  #tell(state: "connected" | "lost", reason: string): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#onState(state, reason);
  }
}

/** To one server, or to the master that Sentinels name. */
export function connectRedis(url: ServerUrl, { scripts, onState }: RedisClientOptions): RedisConnection<Redis> {
  const place = url.kind === "redis" ? `Redis at ${url.node.host}:${url.node.port}` : `Redis at ${url.name}`;
  const client = makeClient(url, scripts);
  const teller = new StateTeller(place, onState);
  client.on("ready", () => teller.connected());
  client.on("close", () => teller.lost("the connection was closed"));
  client.on("error", (error) => teller.lost(failureReason(error)));
  // the client has given up, which it does when a fail-over interrupts its questions to the Sentinels
  client.on("end", () => {
    if (teller.closed) return;
    setTimeout(() => {
      // failures are told as events
      if (!teller.closed && client.status === "end") client.connect().catch(() => undefined);
    }, maxReconnectMs).unref();
  });
  return {
    client,
    place,
    close: () => {
      teller.close();
      client.disconnect();
    },
  };
}

/** To all of a Redis Cluster. A single server of it that is away is not told of: its commands fail. */
export function connectCluster(url: ClusterUrl, { scripts, onState }: RedisClientOptions): RedisConnection<Cluster> {
  const place = `Redis Cluster at ${url.name}`;
  const client = makeCluster(url, scripts);
  const teller = new StateTeller(place, onState);
  client.on("ready", () => teller.connected());
  client.on("close", () => teller.lost("the connections were closed"));
  client.on("error", (error) => teller.lost(`no node could be used: ${failureReason(error)}`));
  return {
    client,
    place,
    close: () => {
      teller.close();
      client.disconnect();
    },
  };
}

/**
 * To whatever the URL names.
 * @throws Error that names the forms there are (never the URL, which may hold a password)
 */
export function connectStore(text: string, options: RedisClientOptions): RedisConnection<Redis | Cluster> {
  const url = parseStoreUrl(text);
  switch (url?.kind) {
    case "redis":
    case "sentinel":
      return connectRedis(url, options);
    case "cluster":
      return connectCluster(url, options);
    case "memory":
    case undefined:
      throw new Error(`the store's URL must be ${storeUrlForms}`);
  }
}

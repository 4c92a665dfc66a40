/** One server of a store. */
export interface StoreNode {
  readonly host: string;
  readonly port: number;
}

interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

interface Servers extends Login {
  /** For people: without credentials. */
  readonly name: string;
  readonly tls: boolean;
  readonly nodes: readonly StoreNode[];
}

/** A store's URL taken apart. */
export type StoreUrl =
  | { readonly kind: "memory"; readonly name: string }
  | { readonly kind: "redis"; readonly name: string; readonly url: string; readonly node: StoreNode }
  | ({ readonly kind: "cluster" } & Servers)
  | ({
      readonly kind: "sentinel";
      readonly masterName: string;
      readonly database: number;
      readonly sentinelLogin: Login;
    } & Servers);

/** What a store's URL may be, for messages. */
export const storeUrlForms =
  "memory://, redis://host:port, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/master-name (with TLS: rediss instead of redis)";

const redisPort = 6379;
const sentinelPort = 26_379;
const severalServers = /^(rediss?)\+(cluster|sentinel):\/\/(?:([^@/?#]*)@)?([^@/?#]+)([^?#]*)(?:\?([^#]*))?$/;
const sentinelPath = /^\/([^/]+?)(?:\/(\d{1,4}))?$/;
const sentinelOptions = ["sentinel-username", "sentinel-password"];

/** A server's address, with IPv6 addresses in brackets. */
function nodeOf(text: string, defaultPort: number): StoreNode | undefined {
  const parts = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = parts?.[3] === undefined ? defaultPort : Number(parts[3]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function placeOf({ host, port }: StoreNode): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function decoded(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : decodeURIComponent(text);
}

function loginOf(text: string | undefined): Login {
  const [username, ...password] = (text ?? "").split(":");
  return { username: decoded(username), password: decoded(password.join(":")) };
}

function oneServer(text: string): StoreUrl | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  if (hostname === "") return undefined;
  const node = { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? redisPort : Number(port) };
  return { kind: "redis", name: `${protocol}//${hostname}${port === "" ? "" : `:${port}`}`, url: text, node };
}

function several(text: string): StoreUrl | undefined {
  const parts = severalServers.exec(text);
  if (parts === null) return undefined;
  const [, scheme = "", kind, credentials, list = "", path = "", query] = parts;
  const found = list.split(",").map((one) => nodeOf(one, kind === "sentinel" ? sentinelPort : redisPort));
  const nodes = found.filter((node) => node !== undefined);
  if (nodes.length < found.length) return undefined;
  const name = `${scheme}+${kind}://${nodes.map(placeOf).join(",")}`;
  const servers = { name, tls: scheme === "rediss", nodes, ...loginOf(credentials) };
  if (kind === "cluster") {
    const empty = (path === "" || path === "/") && query === undefined;
    return empty ? { kind, ...servers } : undefined;
  }
  const [, masterName, database = "0"] = sentinelPath.exec(path) ?? [];
  const options = new URLSearchParams(query ?? "");
  if (masterName === undefined || [...options.keys()].some((key) => !sentinelOptions.includes(key))) return undefined;
  const [username, password] = sentinelOptions.map((key) => options.get(key) ?? undefined);
  return {
    kind: "sentinel",
    ...servers,
    name: `${name}/${masterName}`,
    masterName: decodeURIComponent(masterName),
    database: Number(database),
    sentinelLogin: { username, password },
  };
}

/**
 * A store's URL: `memory://`, `redis://…` for one server, `redis+cluster://user:password@host:port,host:port` for a Redis Cluster
 * (some of its nodes are enough), `redis+sentinel://user:password@host:port,host:port/master-name/database` for the master that
 * these Sentinels watch, whose own login is `?sentinel-username=…&sentinel-password=…`. `rediss` means TLS. undefined = it is none of
 * these; say `storeUrlForms` then, and never what was written: it may hold a password.
 */
export function parseStoreUrl(text: string): StoreUrl | undefined {
  if (text.startsWith("memory:")) return { kind: "memory", name: "memory://" };
  try {
    return /^rediss?:\/\//.test(text) ? oneServer(text) : several(text);
  } catch {
    return undefined; // a % that is no escape
  }
}

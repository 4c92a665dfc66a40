import { Cluster, type Redis } from "ioredis";
import { inTime } from "../../lib/stores/in-time.ts";
import { BudgetStoreUnavailable } from "../budget-store.ts";

/**
 * Whether what Redis acknowledged survives its crash (limits.md L39). `lossy` says how it is set, `unknown` why nobody can tell:
 * managed services often forbid to ask.
 */
export type Durability =
  | { readonly kind: "durable" }
  | { readonly kind: "lossy"; readonly appendonly: string; readonly appendfsync: string }
  | { readonly kind: "unknown"; readonly reason: string };

const worst: Readonly<Record<Durability["kind"], number>> = { lossy: 2, unknown: 1, durable: 0 };

async function ofServer(server: Redis): Promise<Durability> {
  try {
    // Redis 6 knows no second pattern
    const [appendonly, appendfsync] = await Promise.all(
      ["appendonly", "appendfsync"].map(async (name) => ((await server.config("GET", name)) as string[])[1] ?? ""),
    );
    if (!appendonly || !appendfsync) return { kind: "unknown", reason: "CONFIG GET tells nothing" };
    if (appendonly === "yes" && appendfsync === "always") return { kind: "durable" };
    return { kind: "lossy", appendonly, appendfsync };
  } catch (error) {
    const refused = /^(ERR unknown command|NOPERM)/.exec((error as Error).message)?.[1];
    if (refused === undefined) throw error;
    return { kind: "unknown", reason: `CONFIG GET is not allowed (${refused})` };
  }
}

/**
 * How a Redis is set; of a cluster the worst of its masters, because any of them may hold the budgets.
 * @throws BudgetStoreUnavailable when it does not answer in time
 */
export async function readDurability(client: Redis | Cluster, place: string, timeoutMs: number): Promise<Durability> {
  const servers = client instanceof Cluster ? client.nodes("master") : [client];
  if (servers.length === 0) throw new BudgetStoreUnavailable(`${place} has no server that can be asked`);
  const all = await inTime(Promise.all(servers.map(ofServer)), timeoutMs, place, BudgetStoreUnavailable);
  return all.reduce((one, other) => (worst[other.kind] > worst[one.kind] ? other : one));
}

/** What the operator should do about it; undefined = nothing. */
export function durabilityAdvice(durability: Durability, place: string): string | undefined {
  switch (durability.kind) {
    case "durable":
      return undefined;
    case "lossy": {
      const { appendonly, appendfsync } = durability;
      return `${place} may lose what it acknowledged when it crashes (appendonly ${appendonly}, appendfsync ${appendfsync}), and Hard budgets can then be overspent: set "appendonly yes" and "appendfsync always"`;
    }
    case "unknown":
      return `whether ${place} keeps what it acknowledged when it crashes is unknown (${durability.reason}): see that it has "appendonly yes" and "appendfsync always", or Hard budgets can be overspent after a crash`;
  }
}

import { Redis } from "ioredis";
import { claimPort } from "../../src/cli/ports.ts";
import { hashSlot, slotCount } from "../../src/ratelimit/stores/hash-slot.ts";
import { startRedis, type TestRedis } from "./redis.ts";
import { caughtUp } from "./redis-replication.ts";
import { until } from "./wait.ts";

const mastersWanted = 3;

/** A real Redis Cluster of the test's own: three masters, each with a replica. */
export interface TestRedisCluster {
  /** Names the first two nodes; the others are found. */
  readonly url: string;
  /** The server that a key is on, as it was at the start. */
  masterOf(key: string): TestRedis;
  /** Which of the masters, as they were at the start, has the key. */
  masterNumber(key: string): number;
  /** Settles when every replica has all that its master has. */
  replicated(): Promise<void>;
  /** Settles when another server than `lost` serves the key, and its cluster is whole. */
  promoted(key: string, lost: TestRedis): Promise<void>;
  /** Gives a key's slot to another master, as it is done by hand: everything in it moves. */
  moveSlot(key: string): Promise<void>;
  stop(): Promise<void>;
}

interface Node {
  readonly server: TestRedis;
  readonly busPort: number;
  readonly client: Redis;
}

async function startNode(password: string | undefined): Promise<Node> {
  const busPort = await claimPort("127.0.0.1", 0, "");
  const cluster = ["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-node-timeout", "1000"];
  const secret = password === undefined ? [] : ["--requirepass", password, "--masterauth", password];
  const durable = ["--appendonly", "yes", "--save", "", "--repl-diskless-sync-delay", "0"];
  const server = await startRedis({ args: [...cluster, ...secret, ...durable] });
  const client = new Redis(server.port, "127.0.0.1", { ...(password === undefined ? {} : { password }) });
  client.on("error", () => undefined); // some are killed on purpose
  return { server, busPort, client };
}

async function isWhole({ client }: Node, known: number): Promise<boolean> {
  const told = String(await client.cluster("INFO"));
  return told.includes("cluster_state:ok") && told.includes(`cluster_known_nodes:${known}\r`);
}

async function join(nodes: readonly Node[]): Promise<void> {
  const [first] = nodes;
  for (const [index, { client }] of nodes.entries()) {
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    if (index < mastersWanted) {
      const [from, to] = [index, index + 1].map((part) => Math.ceil((part * slotCount) / mastersWanted));
      await client.call("CLUSTER", "ADDSLOTSRANGE", from ?? 0, (to ?? 0) - 1);
    }
    if (first !== undefined && index > 0)
      await client.call("CLUSTER", "MEET", "127.0.0.1", first.server.port, first.busPort);
  }
  for (const node of nodes) await until("the cluster's nodes to meet", () => isWhole(node, nodes.length));
  for (const [index, { client }] of nodes.entries()) {
    const master = nodes[index - mastersWanted];
    if (master !== undefined) await client.call("CLUSTER", "REPLICATE", String(await master.client.cluster("MYID")));
  }
  for (const { client } of nodes.slice(mastersWanted))
    await until("a replica to follow", async () =>
      (await client.info("replication")).includes("master_link_status:up"),
    );
}

export async function startRedisCluster(password?: string): Promise<TestRedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 2 * mastersWanted }, () => startNode(password)));
  const masters = nodes.slice(0, mastersWanted);
  const masterNumber = (key: string): number => Math.floor((hashSlot(key) * mastersWanted) / slotCount);
  const at = (number: number): Node => {
    const node = nodes[number % mastersWanted];
    if (node === undefined) throw new Error("there is no such master");
    return node;
  };
  const stop = async (): Promise<void> => {
    for (const { client } of nodes) client.disconnect();
    await Promise.all(nodes.map(({ server }) => server.stop()));
  };
  try {
    await join(nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  const login = password === undefined ? "" : `:${password}@`;
  return {
    url: `redis+cluster://${login}${masters.slice(0, 2).map(({ server }) => `127.0.0.1:${server.port}`)}`,
    masterNumber,
    masterOf: (key) => at(masterNumber(key)).server,
    replicated: async () => {
      for (const { client } of masters) await caughtUp(client);
    },
    promoted: async (key, lost) => {
      const others = nodes.filter(({ server }) => server !== lost);
      const serves = async (node: Node): Promise<boolean> => {
        const ranges = await node.client.cluster("SLOTS");
        const slot = hashSlot(key);
        const range = ranges.find(([from, to]) => from <= slot && slot <= to);
        return range !== undefined && range[2]?.[1] !== lost.port && (await isWhole(node, nodes.length));
      };
      for (const node of others) await until("a replica to be promoted", () => serves(node));
    },
    moveSlot: async (key) => {
      const slot = hashSlot(key);
      const from = at(masterNumber(key));
      const to = at(masterNumber(key) + 1);
      const [fromId, toId] = await Promise.all(
        [from, to].map(({ client }) => client.cluster("MYID") as Promise<string>),
      );
      await to.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", String(fromId));
      await from.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", String(toId));
      const keys = (await from.client.call("CLUSTER", "GETKEYSINSLOT", slot, 1_000)) as string[];
      const auth = password === undefined ? [] : ["AUTH", password];
      if (keys.length > 0)
        await from.client.call("MIGRATE", "127.0.0.1", to.server.port, "", 0, 5_000, ...auth, "KEYS", ...keys);
      for (const { client } of [to, from]) await client.call("CLUSTER", "SETSLOT", slot, "NODE", String(toId));
    },
    stop,
  };
}

import { Redis } from "ioredis";
import { startRedis, type TestRedis } from "./redis.ts";
import { caughtUp } from "./redis-replication.ts";
import { until } from "./wait.ts";

const masterName = "counters";

/** A real master with a replica, and a Sentinel that watches them. */
export interface TestRedisSentinel {
  readonly url: string;
  readonly master: TestRedis;
  readonly replica: TestRedis;
  /** Settles when the replica has all that the master has. */
  replicated(): Promise<void>;
  /** Settles when the Sentinel names the replica as the master and it takes writes. */
  promoted(): Promise<void>;
  stop(): Promise<void>;
}

/** Three processes. The servers want `password`, the Sentinel wants `sentinelPassword`. */
export async function startRedisSentinel(password: string, sentinelPassword: string): Promise<TestRedisSentinel> {
  const secret = ["--requirepass", password, "--masterauth", password];
  const durable = ["--appendonly", "yes", "--save", "", "--repl-diskless-sync-delay", "0"];
  const started: TestRedis[] = [];
  const clients: Redis[] = [];
  const start = async (settings: Parameters<typeof startRedis>[0]): Promise<TestRedis> => {
    const server = await startRedis(settings);
    started.push(server);
    return server;
  };
  const connect = (server: TestRedis, secretWord: string): Redis => {
    const client = new Redis(server.port, "127.0.0.1", { password: secretWord });
    client.on("error", () => undefined); // the master is killed on purpose
    clients.push(client);
    return client;
  };
  const stop = async (): Promise<void> => {
    for (const client of clients) client.disconnect();
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const master = await start({ args: [...secret, ...durable] });
    const replica = await start({ args: [...secret, ...durable, "--replicaof", `127.0.0.1 ${master.port}`] });
    const masterClient = connect(master, password);
    const replicaClient = connect(replica, password);
    await until("the replica to follow", async () =>
      (await replicaClient.info("replication")).includes("master_link_status:up"),
    );
    const sentinel = await start({
      args: ["--sentinel"],
      configuration: [
        `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
        `sentinel auth-pass ${masterName} ${password}`,
        `sentinel down-after-milliseconds ${masterName} 500`,
        `sentinel failover-timeout ${masterName} 5000`,
        `requirepass ${sentinelPassword}`,
        "",
      ].join("\n"),
    });
    const sentinelClient = connect(sentinel, sentinelPassword);
    const ask = async (question: string): Promise<unknown> =>
      await sentinelClient.call("SENTINEL", question, masterName);
    await until("the Sentinel to know the replica", async () =>
      JSON.stringify(await ask("replicas")).includes("slave"),
    );
    return {
      url: `redis+sentinel://:${password}@127.0.0.1:${sentinel.port}/${masterName}?sentinel-password=${sentinelPassword}`,
      master,
      replica,
      replicated: () => caughtUp(masterClient),
      promoted: async () => {
        await until("the Sentinel to name the replica", async () =>
          JSON.stringify(await ask("get-master-addr-by-name")).includes(String(replica.port)),
        );
        await until("the replica to be a master", async () =>
          (await replicaClient.info("replication")).includes("role:master"),
        );
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

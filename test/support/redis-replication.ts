import type { Redis } from "ioredis";
import { until } from "./wait.ts";

/** Settles when the replica of this master has everything; replication is asynchronous. */
export async function caughtUp(master: Redis): Promise<void> {
  await until("the replica to have everything", async () => {
    const told = await master.info("replication");
    const offset = /^master_repl_offset:(\d+)/m.exec(told)?.[1];
    return /^slave0:.*,offset=(\d+),/m.exec(told)?.[1] === offset;
  });
}

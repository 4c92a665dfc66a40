import { fileURLToPath } from "node:url";
import type { MockSpec } from "../config/configure.ts";
import { startChild } from "./children.ts";
import { planMocks } from "./demo-mocks.ts";
import type { Guard } from "./guard.ts";
import type { CommandIo } from "./options.ts";
import type { Running } from "./running.ts";
import type { StateDir } from "./state-dir.ts";

const launcher = fileURLToPath(new URL("../../bin/tollgate.mjs", import.meta.url));
const host = "127.0.0.1";

/** Starts the mock providers that nobody else runs; where each is, by the backend it stands in for. */
export async function startMocks(
  specs: readonly MockSpec[],
  { state, guard, running, io }: { state: StateDir; guard: Guard; running: Running; io: CommandIo },
): Promise<ReadonlyMap<string, { readonly host: string; readonly port: number }>> {
  const addresses = new Map<string, { host: string; port: number }>();
  for (const { args, env, backends } of await planMocks(specs)) {
    const last = backends.at(-1);
    if (last === undefined) continue;
    const child = {
      name: "the mock providers",
      command: process.execPath,
      args: [launcher, "mocks", ...args],
      env: { ...io.env, ...env },
      log: state.log("mocks.log"),
      logPath: state.file("mocks.log"),
      listens: { address: host, port: last.port },
      report: (message: string) => io.stderr.write(`${message}\n`),
      runs: guard.place(),
    };
    await startChild(child, running);
    for (const { id, port } of backends) addresses.set(id, { host, port });
  }
  return addresses;
}

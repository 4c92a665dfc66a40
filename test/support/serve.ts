import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "./wait.ts";

const bin = fileURLToPath(new URL("../../bin/tollgate.mjs", import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `tollgate …` as a process of its own. */
export interface TollgateProcess {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<Ended>;
  /** Sends the signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<Ended>;
}

/** Starts a command. Of this process's environment it gets only what finds programs. */
export function startTollgate(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly uid?: number } = {},
): TollgateProcess {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal }));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    stop: async (signal) => {
      child.kill(signal);
      return await ended;
    },
  };
}

/** Starts `tollgate serve` and waits until it answers on its admin port. */
export async function startServe(
  args: readonly string[],
  adminPort: number,
  env: Readonly<Record<string, string>>,
): Promise<TollgateProcess> {
  const serve = startTollgate(["serve", "--admin-port", String(adminPort), ...args], { env });
  await until("tollgate serve to be healthy", async () => {
    if (serve.child.exitCode !== null) throw new Error(`tollgate serve ended: ${serve.stderr()}`);
    return await fetch(`http://127.0.0.1:${adminPort}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return serve;
}

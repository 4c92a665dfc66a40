import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimPort } from "../../src/cli/ports.ts";
import { until } from "./wait.ts";

/** A real Redis of the test's own. What it acknowledged is on disk: it survives `kill`. */
export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** SIGKILL, as a crash. Settles when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Starts again at the same port with the same data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("data", (chunk) => {
      socket.destroy();
      // one that wants a password answers as well
      resolve(/^(\+PONG|-NOAUTH)/.test(chunk.toString()));
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

const writtenThrough = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

export interface RedisSettings {
  /** Instead of an append-only file that is written through. */
  readonly args?: readonly string[];
  /** A configuration file that the server may change. */
  readonly configuration?: string;
}

/** Starts `redis-server` (on PATH) with an append-only file that is written through. */
export async function startRedis({ args = writtenThrough, configuration }: RedisSettings = {}): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), "tollgate-redis-"));
  const port = await claimPort("127.0.0.1", 0, "");
  const file = join(directory, "redis.conf");
  if (configuration !== undefined) writeFileSync(file, configuration);
  const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
  const words = [...(configuration === undefined ? [] : [file]), ...place, ...args];
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const started = spawn("redis-server", words, { stdio: "ignore" });
    child = started;
    await until(`Redis at ${port}`, () => {
      if (started.exitCode !== null) throw new Error(`redis-server ended with exit code ${started.exitCode}`);
      return answersPing(port);
    });
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, "exit");
    running.kill("SIGKILL");
    await gone;
  };

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    pause: () => child?.kill("SIGSTOP"),
    resume: () => child?.kill("SIGCONT"),
    restart: async () => {
      await kill();
      await start();
    },
    stop: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

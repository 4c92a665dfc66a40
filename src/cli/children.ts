import type { Writable } from "node:stream";
import { untilListening } from "./listening.ts";
import { type Crash, Supervisor } from "./supervisor.ts";

/** So many failures before it ever listened mean that it will not. */
const startAttempts = 3;
const stopGraceMs = 5_000;

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log: Writable;
  /** Listening here means that it is up. */
  readonly listens: { readonly address: string; readonly port: number };
  /** Told of every crash after it was up. */
  readonly report: (message: string) => void;
}

function describe(crash: Crash): string {
  const tail = crash.lastLines.length === 0 ? "" : `\n  ${crash.lastLines.slice(-3).join("\n  ")}`;
  return `${crash.name} ended (${crash.reason})${tail}`;
}

/**
 * Starts a child process and keeps it running. Settles when it listens.
 * @throws Error with what it printed last when it does not come up
 */
export async function startChild(
  options: ChildOptions,
): Promise<{ readonly pid: number | undefined; stop(): Promise<void> }> {
  let up = false;
  let last: Crash | undefined;
  const supervisor = new Supervisor({
    ...options,
    output: (chunk) => options.log.write(chunk),
    crashed: (crash) => {
      last = crash;
      if (up)
        options.report(
          `${describe(crash)}\n  it is started again in ${crash.pauseMs} ms (failure ${crash.failures} in a row)`,
        );
    },
  });
  supervisor.start();
  try {
    await untilListening(options.listens.address, options.listens.port, () =>
      last !== undefined && last.failures >= startAttempts ? describe(last) : undefined,
    );
  } catch (error) {
    await supervisor.stop(stopGraceMs);
    throw error;
  }
  up = true;
  return {
    get pid() {
      return supervisor.pid;
    },
    stop: () => supervisor.stop(stopGraceMs),
  };
}

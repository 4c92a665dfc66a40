import type { Writable } from "node:stream";
import { untilListening } from "./listening.ts";
import type { Running } from "./running.ts";
import { type Crash, Supervisor } from "./supervisor.ts";

/** So many failures before it ever listened mean that it will not. */
const startAttempts = 3;
/** So long without a failure and without listening, too. */
const startLimitMs = 60_000;
const stopGraceMs = 5_000;

export interface ChildOptions {
  /** For messages: `Envoy`, `the mock providers`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log: Writable;
  /** Where the log is, for messages. */
  readonly logPath: string;
  /** Listening here means that it is up. */
  readonly listens: { readonly address: string; readonly port: number };
  /** Told of every crash after it was up, and that it is up again. */
  readonly report: (message: string) => void;
  /** Told the process id whenever that changes. */
  readonly runs: (pid: number | undefined) => void;
}

function describe(crash: Crash): string {
  const tail = crash.lastLines.length === 0 ? "" : `\n  ${crash.lastLines.slice(-3).join("\n  ")}`;
  return `${crash.name} ended (${crash.reason})${tail}`;
}

/**
 * Starts a child process, keeps it running and hands its end to `running`. Settles when it listens.
 * @throws Error with what it printed last when it does not come up
 */
export async function startChild(options: ChildOptions, running: Running): Promise<void> {
  const { name, listens, logPath, report } = options;
  let up = false;
  let last: Crash | undefined;
  const supervisor = new Supervisor({
    ...options,
    output: (chunk) => options.log.write(chunk),
    crashed: (crash) => {
      last = crash;
      if (!up) return;
      report(`${describe(crash)}\n  started again in ${crash.pauseMs} ms (failure ${crash.failures} in a row)`);
      const overtaken = (): string | undefined =>
        last !== crash || running.signal.aborted ? "it ended again" : undefined;
      untilListening(listens.address, listens.port, overtaken).then(
        () => report(`up again: ${name}`),
        () => undefined, // the next crash was reported, or everything stops
      );
    },
  });
  await running.add(() => supervisor.stop(stopGraceMs));
  supervisor.start();
  const deadline = Date.now() + startLimitMs;
  await untilListening(listens.address, listens.port, () => {
    if (running.signal.aborted) return "stopped";
    if (last !== undefined && last.failures >= startAttempts)
      return `${name} could not be started; all that it printed is in ${logPath}\n${describe(last)}`;
    return Date.now() > deadline
      ? `${name}: nothing listens on ${listens.address}:${listens.port} after ${startLimitMs / 1_000} s; see ${logPath}`
      : undefined;
  });
  up = true;
}

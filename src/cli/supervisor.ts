import { type ChildProcess, spawn } from "node:child_process";
import { Backoff } from "../lib/backoff.ts";

const tailLines = 10;
/** What is kept of the output for them. */
const tailCharacters = 8_192;

export interface SupervisedProcess {
  /** For messages: `Envoy`, `mock providers`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Everything it prints, both streams. */
  readonly output: (chunk: Buffer) => void;
  /** It ended without being told to. `pauseMs`: when it is started again; `failures`: how often in a row by now. */
  readonly crashed: (crash: Crash) => void;
  /** Told the process id whenever that changes; undefined = none runs. */
  readonly runs?: (pid: number | undefined) => void;
}

export interface Crash {
  readonly name: string;
  /** `exit code 1`, `signal SIGSEGV`, or why it could not be started. */
  readonly reason: string;
  readonly lastLines: readonly string[];
  readonly failures: number;
  readonly pauseMs: number;
}

/** Keeps a child process running: a crash is reported and answered with a restart after a doubling pause. */
export class Supervisor {
  readonly #process: SupervisedProcess;
  readonly #backoff = new Backoff({ firstMs: 250, maxMs: 10_000, steadyMs: 30_000 });
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** The end of what it printed. */
  #tail = "";

  constructor(supervised: SupervisedProcess) {
    this.#process = supervised;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Lines that it printed last. */
  get lastLines(): readonly string[] {
    return this.#tail
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-tailLines);
  }

  start(): void {
    const { command, args, env } = this.#process;
    const startedMs = Date.now();
    const child = spawn(command, [...args], {
      stdio: ["ignore", "pipe", "pipe"],
      // a process group of its own: Ctrl-C in a terminal reaches us only, and we end our children in order
      detached: true,
      ...(env === undefined ? {} : { env }),
    });
    this.#child = child;
    this.#tail = "";
    if (child.pid !== undefined) this.#process.runs?.(child.pid);
    child.once("exit", () => this.#process.runs?.(undefined));
    const output = (chunk: Buffer): void => {
      this.#process.output(chunk);
      this.#tail = (this.#tail + chunk.toString("utf8")).slice(-tailCharacters);
    };
    child.stdout.on("data", output);
    child.stderr.on("data", output);
    let over = false;
    const ended = (reason: string): void => {
      if (over) return;
      over = true;
      this.#child = undefined;
      if (!this.#stopping) this.#restart(reason, Date.now() - startedMs);
    };
    child.once("error", (error: NodeJS.ErrnoException) => ended(error.code ?? error.message));
    // "close" and not "exit": what it printed last has arrived by then
    child.once("close", (code, signal) => ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
  }

  /** Ends it: SIGTERM, and SIGKILL when it is still there after `graceMs`. No child is left behind. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await gone;
    clearTimeout(force);
  }

  #restart(reason: string, ranMs: number): void {
    const pauseMs = this.#backoff.next(ranMs);
    this.#process.crashed({
      name: this.#process.name,
      reason,
      lastLines: this.lastLines,
      failures: this.#backoff.failures,
      pauseMs,
    });
    this.#timer = setTimeout(() => this.start(), pauseMs);
  }
}

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./wait.ts";

export interface ShellResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on. */
export interface ShellFollow {
  /** Settles when standard output has a match. */
  untilSaid(pattern: RegExp): Promise<string>;
  stop(): Promise<void>;
}

/** A shell as a user of the tutorial has it: `kubectl` talks to the gateway whose kubeconfig it is, and knows nothing else. */
export class UserShell {
  readonly #folder = mkdtempSync(join(tmpdir(), "tollgate-kubectl-"));
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(kubeconfig: string, env: Readonly<Record<string, string>> = {}) {
    this.#env = { PATH: process.env["PATH"], HOME: this.#folder, KUBECONFIG: kubeconfig, LC_ALL: "C", ...env };
  }

  /** Runs a line of bash where the tutorial's files are. */
  async run(line: string): Promise<ShellResult> {
    const child = this.#spawn(line);
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    return { code, stdout, stderr };
  }

  /** As `run`, for a line that must succeed: its standard output. */
  async output(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(line);
    if (code !== 0) throw new Error(`${line}\nended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  follow(line: string): ShellFollow {
    const child = this.#spawn(`exec ${line}`);
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    const ended = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
    });
    return {
      untilSaid: (pattern) => until(`${pattern} from ${line}`, () => pattern.exec(stdout)?.[0]),
      stop: async () => {
        child.kill("SIGTERM");
        await ended;
      },
    };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(line: string) {
    return spawn("bash", ["-o", "pipefail", "-c", line], {
      cwd: "envoy/resources/tutorial",
      env: { ...this.#env },
      stdio: ["ignore", "pipe", "pipe"],
      // a command that waits for what never comes must not outlive the tests
      timeout: 60_000,
    });
  }
}

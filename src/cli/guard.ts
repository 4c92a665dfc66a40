import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Keeps the last line that it was given; when no more can come, kills the processes named in it and removes the folder. */
const script = `
pids=
while read -r line; do pids=$line; done
[ -z "$pids" ] || kill -9 $pids
rm -rf "$1"
`;

/**
 * Ends the children of this process when it dies without being able to do so itself (SIGKILL, out of memory): a shell that waits
 * for the end of a pipe which only this process holds open. Works wherever there is a POSIX shell.
 */
export class Guard {
  readonly #shell: ChildProcess;
  readonly #pids = new Map<symbol, number>();

  /** `folder` is removed as well, in the end. */
  constructor(folder: string) {
    // in a session of its own: Ctrl-C in a terminal reaches the whole process group
    this.#shell = spawn("/bin/sh", ["-c", script, "tollgate-guard", folder], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    // without it everything works but the clean-up after a SIGKILL
    this.#shell.on("error", () => undefined);
    this.#shell.stdin?.on("error", () => undefined);
  }

  /** A place for one child: call it with the process id of the one that runs now, undefined when there is none. */
  place(): (pid: number | undefined) => void {
    const place = Symbol("child");
    return (pid) => {
      if (pid === undefined) this.#pids.delete(place);
      else this.#pids.set(place, pid);
      this.#shell.stdin?.write(`${[...this.#pids.values()].join(" ")}\n`);
    };
  }

  /** Lets it do its work now: nothing that it guards is left afterwards. */
  async close(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#shell;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const gone = once(this.#shell, "exit");
    this.#shell.stdin?.end();
    await gone;
  }
}

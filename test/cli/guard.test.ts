import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Guard } from "../../src/cli/guard.ts";

function sleeper(): ChildProcess {
  return spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
}

describe("Guard", () => {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  function start(): ChildProcess {
    const child = sleeper();
    children.push(child);
    return child;
  }

  it("kills the processes in its places and removes the folder when the pipe ends, as after a SIGKILL of its owner", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-guard-"));
    const guard = new Guard(folder);
    const [first, second] = [start(), start()];
    guard.place()(first.pid);
    guard.place()(second.pid);
    const ended = Promise.all([once(first, "exit"), once(second, "exit")]);
    await guard.close();
    expect((await ended).map(([, signal]) => signal as string)).to.deep.equal(["SIGKILL", "SIGKILL"]);
    expect(existsSync(folder)).to.equal(false);
  });

  it("leaves alone what has left its place", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-guard-"));
    const guard = new Guard(folder);
    const [gone, next] = [start(), start()];
    const place = guard.place();
    place(gone.pid);
    place(next.pid);
    place(undefined);
    await guard.close();
    expect(existsSync(folder)).to.equal(false);
    for (const child of [gone, next]) expect(child.kill(0), "alive").to.equal(true);
  });
});

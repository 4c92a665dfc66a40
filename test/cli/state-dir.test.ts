import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openStateDir, type StateDir } from "../../src/cli/state-dir.ts";

describe("openStateDir", () => {
  let folder: string;
  const open: StateDir[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-state-"));
  });

  afterEach(() => {
    for (const state of open.splice(0)) state.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(path = join(folder, "state")): StateDir {
    const state = openStateDir(path, () => undefined);
    open.push(state);
    return state;
  }

  it("makes the folder, and another for the socket that only this user can enter", () => {
    const state = start(join(folder, "a", "b"));
    expect(existsSync(state.path)).to.equal(true);
    expect(statSync(state.socketDir).mode & 0o777).to.equal(0o700);
    expect(state.grpcAddress).to.equal(`unix:${state.socketDir}/grpc.sock`);
  });

  it("appends to logs", async () => {
    writeFileSync(join(folder, "a.log"), "one\n");
    const log = start(folder).log("a.log");
    log.end("two\n");
    await once(log, "finish");
    expect(readFileSync(join(folder, "a.log"), "utf8")).to.equal("one\ntwo\n");
  });

  it("says which log cannot be written", () => {
    mkdirSync(join(folder, "a.log"));
    expect(() => start(folder).log("a.log")).to.throw(
      `${join(folder, "a.log")} cannot be written (EISDIR); choose another folder with --state-dir`,
    );
  });

  it("removes the socket's folder and gives the directory free", () => {
    const state = openStateDir(folder, () => undefined);
    state.close();
    expect(existsSync(state.socketDir)).to.equal(false);
    expect(existsSync(state.file("tollgate.pid"))).to.equal(false);
  });

  it("refuses a directory that a running process has, and names it", async () => {
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    writeFileSync(join(folder, "tollgate.pid"), `${other.pid}\n`);
    expect(() => start(folder)).to.throw(
      new RegExp(
        `${folder} is in use by another gateway \\(process ${other.pid}\\).*--state-dir.*remove .*tollgate\\.pid`,
      ),
    );
    other.kill();
    await once(other, "exit");
    expect(start(folder).path, "taken over when it is gone").to.equal(folder);
  });

  it("takes over what is no process id, or its own from an earlier life", () => {
    for (const text of ["", "nonsense\n", `${process.pid}\n`]) {
      writeFileSync(join(folder, "tollgate.pid"), text);
      start(folder).close();
      open.length = 0;
    }
  });
});

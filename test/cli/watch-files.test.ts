import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  watch as watchDirectory,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { FileWatch, type WatchTimes } from "../../src/cli/watch-files.ts";
import { until } from "../support/wait.ts";

const never = 1_000_000;

describe("FileWatch", function () {
  this.timeout(20_000);
  let folder: string;
  let watch: FileWatch | undefined;
  let told = 0;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-watch-"));
    told = 0;
  });
  afterEach(() => {
    watch?.close();
    rmSync(folder, { recursive: true });
  });

  const path = (...names: string[]): string => join(folder, ...names);
  const write = (...names: string[]): void => writeFileSync(path(...names), String(Math.random()));

  function start(paths: readonly string[], times: Partial<WatchTimes> = {}): void {
    watch = new FileWatch(paths, () => told++, { quietMs: 20, patienceMs: 500, pollMs: never, ...times });
  }

  async function isTold(act: () => void): Promise<void> {
    const before = told;
    act();
    await until("word of a change", () => told > before);
  }

  it("tells of a file that is written, replaced, removed and made again", async () => {
    write("a.yaml");
    start([path("a.yaml")]);
    await isTold(() => write("a.yaml"));
    write("new");
    await isTold(() => renameSync(path("new"), path("a.yaml")));
    await isTold(() => unlinkSync(path("a.yaml")));
    await isTold(() => write("a.yaml"));
  });

  it("tells of files that appear and vanish in a directory, also in one that is made below it", async () => {
    start([folder]);
    await isTold(() => write("a.yaml"));
    await isTold(() => unlinkSync(path("a.yaml")));
    await isTold(() => mkdirSync(path("below")));
    await isTold(() => write("below", "b.yml"));
    await isTold(() => write("below", "b.yml"));
  });

  it("tells of a mounted ConfigMap or Secret, whose files are links through a link that is turned", async () => {
    for (const version of ["..1", "..2"]) {
      mkdirSync(path(version));
      write(version, "a.yaml");
    }
    symlinkSync("..1", path("..data"));
    symlinkSync("..data/a.yaml", path("a.yaml"));
    start([path("a.yaml")]);
    symlinkSync("..2", path("..data_new"));
    await isTold(() => renameSync(path("..data_new"), path("..data")));
    // and of what is behind the link now
    await isTold(() => write("..2", "a.yaml"));
  });

  it("takes several files written one after the other for one change", async () => {
    start([folder], { quietMs: 200, patienceMs: never });
    await isTold(() => {
      for (const name of ["a.yaml", "b.yaml", "c.yaml"]) write(name);
    });
    await isTold(() => write("d.yaml"));
    expect(told).to.equal(2);
  });

  it("does not wait for the end of changes that do not end", async () => {
    start([folder], { quietMs: 5_000, patienceMs: 100 });
    const timer = setInterval(() => write("a.yaml"), 20);
    await until("word of a change", () => told > 0, 3_000).finally(() => clearInterval(timer));
  });

  it("is not woken by other files beside a file, nor by logs", async () => {
    mkdirSync(path("directory"));
    write("a.yaml");
    start([path("a.yaml"), path("directory")], { patienceMs: 0 });
    for (const names of [["other.yaml"], ["directory", "access.log"]]) {
      const probe = watchDirectory(path(...names.slice(0, -1)));
      const noticed = once(probe, "change");
      write(...names);
      await noticed;
      probe.close();
      // whatever was to be told at once has been by then: timers of the same length fire in the order in which they were set
      await new Promise(setImmediate);
      await new Promise((resolve) => setTimeout(resolve));
      expect(told, names.join("/")).to.equal(0);
    }
    await isTold(() => write("directory", "b.yaml"));
  });

  it("says that it is time to look where nothing tells of changes", async () => {
    start([path("nowhere", "a.yaml")], { pollMs: 10 });
    await until("a look", () => told > 2);
  });
});

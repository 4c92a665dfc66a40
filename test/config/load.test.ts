import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect } from "chai";
import { load } from "../../src/config/load.ts";

describe("load", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-load-"));
    mkdirSync(join(folder, "sub"));
    for (const name of ["b.yaml", "a.yml", "sub/c.yaml", "notes.txt"]) writeFileSync(join(folder, name), `# ${name}\n`);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const names = (paths: readonly string[]) => load(paths).map(({ path }) => relative(folder, path));

  it("reads every YAML file below a directory, sorted", () => {
    expect(names([folder])).to.deep.equal(["a.yml", "b.yaml", "sub/c.yaml"]);
  });

  it("keeps the order of what was named, and reads a file once", () => {
    expect(names([join(folder, "sub"), join(folder, "b.yaml"), folder])).to.deep.equal([
      "sub/c.yaml",
      "b.yaml",
      "a.yml",
    ]);
  });

  it("reads a named file whatever its ending", () => {
    expect(load([join(folder, "notes.txt")])).to.deep.equal([
      { path: join(folder, "notes.txt"), text: "# notes.txt\n", expandEnv: true },
    ]);
  });

  it("tells what does not exist", () => {
    expect(load([join(folder, "none.yaml")])[0]).to.include({
      problem: "cannot be read: no such file or directory; check the path",
    });
  });

  it("tells that a directory has no resources", () => {
    mkdirSync(join(folder, "empty"));
    expect(load([join(folder, "empty")])[0]).to.include({
      problem: "the directory has no *.yaml or *.yml file; name one that has resources",
    });
  });

  it("tells a file that cannot be read, and reads the others of its directory", () => {
    symlinkSync(join(folder, "nowhere"), join(folder, "sub", "broken.yaml"));
    const [broken, readable] = load([join(folder, "sub")]);
    expect(broken).to.include({ problem: "cannot be read: no such file or directory; check the path" });
    expect(readable).to.include({ text: "# sub/c.yaml\n" });
    expect(load([join(folder, "b.yaml", "x.yaml")])[0]).to.include({ problem: "cannot be read: ENOTDIR" });
  });

  it("tells that a file is not UTF-8, and takes a byte-order mark for none of its text", () => {
    const file = join(folder, "b.yaml");
    for (const bytes of [Buffer.from("caf\xe9", "latin1"), Buffer.from("\ufeffa: 1", "utf16le")]) {
      writeFileSync(file, bytes);
      expect(load([file])[0]).to.include({ problem: "is not UTF-8 text; save it as UTF-8" });
    }
    writeFileSync(file, "\ufeffa: é");
    expect(load([file])[0]).to.include({ text: "a: é" });
  });

  it("does not take a directory for a file", () => {
    mkdirSync(join(folder, "d.yaml"));
    expect(names([folder])).not.to.include("d.yaml");
  });
});

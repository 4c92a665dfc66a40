import { EventEmitter, once } from "node:events";
import { expect } from "chai";
import { type Crash, Supervisor } from "../../src/cli/supervisor.ts";
import { until } from "../support/wait.ts";

/** A supervisor over `node -e <script>`, with what it reports as events. */
class Watched extends EventEmitter {
  readonly crashes: Crash[] = [];
  printed = "";
  readonly supervisor: Supervisor;

  constructor(script: string, command = process.execPath) {
    super();
    this.supervisor = new Supervisor({
      name: "child",
      command,
      args: ["-e", script],
      output: (chunk) => {
        this.printed += chunk.toString();
        this.emit("output");
      },
      crashed: (crash) => {
        this.crashes.push(crash);
        this.emit("crash", crash);
      },
    });
  }

  async crash(): Promise<Crash> {
    const [crash] = (await once(this, "crash")) as [Crash];
    return crash;
  }

  async says(text: string): Promise<void> {
    while (!this.printed.includes(text)) await once(this, "output");
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const running = 'console.log("up " + process.pid); setInterval(() => {}, 1000);';

describe("Supervisor", () => {
  let watched: Watched;

  afterEach(async () => {
    await watched.supervisor.stop(100);
  });

  it("reports a crash with its exit code and the lines printed last, and starts again", async () => {
    watched = new Watched(
      'for (let i = 1; i <= 30; i++) console.log("line " + i); console.error("fatal"); process.exitCode = 3;',
    );
    watched.supervisor.start();
    const crash = await watched.crash();
    expect(crash).to.include({ name: "child", reason: "exit code 3", failures: 1, pauseMs: 250 });
    expect(crash.lastLines).to.have.length(10);
    expect(crash.lastLines.join(" ")).to.include("fatal").and.include("line 30").and.not.include("line 20 ");
    const second = await watched.crash();
    expect(second).to.include({ failures: 2, pauseMs: 500 });
    expect(second.lastLines, "lines of this run only").to.have.length(10);
  });

  it("keeps a line whole that was printed in pieces", async () => {
    const script =
      'process.stdout.write("one "); setTimeout(() => { process.stdout.write("line\\n"); process.exitCode = 1; }, 30);';
    watched = new Watched(script);
    watched.supervisor.start();
    expect((await watched.crash()).lastLines).to.deep.equal(["one line"]);
  });

  it("reports the signal that killed it", async () => {
    watched = new Watched(running);
    watched.supervisor.start();
    await watched.says("up");
    const crashed = watched.crash();
    process.kill(watched.supervisor.pid ?? 0, "SIGKILL");
    expect((await crashed).reason).to.equal("signal SIGKILL");
    await watched.says(`up ${await until("the next child", () => watched.supervisor.pid)}`);
  });

  it("an end with exit code 0 that nobody asked for is a crash too", async () => {
    watched = new Watched("process.exitCode = 0;");
    watched.supervisor.start();
    expect((await watched.crash()).reason).to.equal("exit code 0");
  });

  it("reports a program that cannot be started, once per try", async () => {
    watched = new Watched("", "/nonexistent/program");
    watched.supervisor.start();
    expect(await watched.crash()).to.include({ reason: "ENOENT", failures: 1 });
    expect(await watched.crash()).to.include({ reason: "ENOENT", failures: 2 });
    expect(watched.crashes).to.have.length(2);
  });

  it("stop ends it with SIGTERM and reports no crash", async () => {
    watched = new Watched(`process.on("SIGTERM", () => { console.log("bye"); process.exit(0); }); ${running}`);
    watched.supervisor.start();
    await watched.says("up");
    const pid = watched.supervisor.pid ?? 0;
    await watched.supervisor.stop(10_000);
    expect(isAlive(pid)).to.equal(false);
    expect(watched.printed).to.include("bye");
    expect(watched.crashes).to.deep.equal([]);
  });

  it("stop kills what does not go", async () => {
    watched = new Watched(`process.on("SIGTERM", () => console.log("no")); ${running}`);
    watched.supervisor.start();
    await watched.says("up");
    const pid = watched.supervisor.pid ?? 0;
    await watched.supervisor.stop(50);
    expect(isAlive(pid)).to.equal(false);
    expect(watched.crashes).to.deep.equal([]);
  });

  it("stop during the pause after a crash starts nothing any more", async () => {
    watched = new Watched("process.exitCode = 1;");
    watched.supervisor.start();
    await watched.crash();
    await watched.supervisor.stop(100);
    expect(watched.supervisor.pid).to.equal(undefined);
  });

  it("stop right after a start that cannot succeed settles, and nothing is started again", async () => {
    watched = new Watched("", "/nonexistent/program");
    watched.supervisor.start();
    await watched.supervisor.stop(50);
    expect(watched.crashes).to.deep.equal([]);
  });
});

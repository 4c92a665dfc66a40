import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { mocks } from "../../src/cli/mocks.ts";
import { UsageError } from "../../src/cli/options.ts";
import { startMock } from "../../src/mocks/start-mock.ts";

const module = new URL("../../src/cli/mocks.ts", import.meta.url).href;
const script = `
  const { mocks } = await import(${JSON.stringify(module)});
  process.exitCode = await mocks(process.argv.slice(1), process);
`;

/** The command as a process of its own: it ends by a signal. */
function start(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(
    process.execPath,
    ["--no-warnings", "--import", "ts-blank-space/register", "--input-type=module", "-e", script, "--", ...args],
    { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
}

async function lines(child: ChildProcess, count: number): Promise<string[]> {
  const found: string[] = [];
  if (child.stdout === null) return found;
  for await (const line of createInterface({ input: child.stdout })) {
    if (found.push(line) === count) break;
  }
  return found;
}

const io = { stdout: { write: () => true }, stderr: { write: () => true }, env: {} };

async function failure(args: readonly string[]): Promise<unknown> {
  return await mocks(args, io).catch((error: unknown) => error);
}

describe("tollgate mocks", () => {
  it("starts those named, asks for the keys of its environment and ends on SIGTERM", async () => {
    const child = start(["--openai", "0", "--bedrock", "0"], { MOCK_OPENAI_KEY: "sk-right" });
    try {
      const [openai = "", bedrock = ""] = await lines(child, 2);
      expect(openai).to.match(/^openai http:\/\/127\.0\.0\.1:\d+$/);
      expect(bedrock).to.match(/^bedrock http:\/\/127\.0\.0\.1:\d+$/);
      const models = async (key: string): Promise<number> =>
        (await fetch(`${openai.split(" ")[1]}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
      expect([await models("sk-right"), await models("sk-wrong")]).to.deep.equal([200, 401]);
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      expect(await ended).to.deep.equal([0, null]);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("refuses to start none, and what is no port", async () => {
    expect(await failure([])).to.be.instanceOf(UsageError);
    expect(await failure(["--openai", "http"])).to.be.instanceOf(UsageError);
  });

  it("ends with what is wrong when a port is taken, and leaves nothing running", async () => {
    const other = await startMock({ provider: "OpenAI" });
    const child = start(["--openai", "0", "--anthropic", String(other.port)], {});
    try {
      const errors: Buffer[] = [];
      child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
      expect(await once(child, "close")).to.deep.equal([1, null]);
      expect(Buffer.concat(errors).toString()).to.include("the port is taken");
    } finally {
      child.kill("SIGKILL");
      await other.close();
    }
  });
});

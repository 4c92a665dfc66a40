import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import { claimPort } from "../../src/cli/ports.ts";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { startServe, type TollgateProcess } from "./serve.ts";
import { accepts, until } from "./wait.ts";

const root = new URL("../../", import.meta.url);
const configuration = readFileSync(new URL("envoy/envoy.yaml", root), "utf8");
const resources = fileURLToPath(new URL("envoy/resources/sidecar", root));

export const openaiKey = "sk-openai-sidecar-key";
export const anthropicKey = "sk-ant-sidecar-key";

type JsonLine = Readonly<Record<string, unknown>>;

/** envoy/envoy.yaml on a real Envoy, `tollgate serve` with envoy/resources/sidecar as a process of its own, and the mocks. */
export interface Sidecar {
  readonly url: string;
  readonly socketPath: string;
  readonly openai: RunningMock;
  readonly anthropic: RunningMock;
  /** The running `tollgate serve`. */
  readonly serve: TollgateProcess;
  startServe(): Promise<TollgateProcess>;
  /** A line of Envoy's access log or of Tollgate's log, waited for. */
  access(match: (line: JsonLine) => boolean): Promise<JsonLine>;
  requestLog(match: (line: JsonLine) => boolean): Promise<JsonLine>;
  /** A counter of Envoy's. */
  envoyStat(name: string): Promise<number>;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

/** The file as it is but for where things listen. @throws when a text is not there exactly once */
function placed(replacements: Readonly<Record<string, string>>): string {
  let text = configuration;
  for (const [from, to] of Object.entries(replacements)) {
    const parts = text.split(from);
    if (parts.length !== 2) throw new Error(`envoy.yaml has ${JSON.stringify(from)} ${parts.length - 1} times`);
    text = parts.join(to);
  }
  return text;
}

function find(text: string, match: (line: JsonLine) => boolean): JsonLine | undefined {
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  return complete
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as JsonLine)
    .find(match);
}

async function runEnvoy(configFile: string, port: number): Promise<{ child: ChildProcess; stdout: () => string }> {
  const { path } = await findEnvoy({ env: process.env });
  const child = spawn(path, ["-c", configFile, "--concurrency", "1", "--disable-hot-restart", "-l", "warn"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  await until("Envoy to listen", () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended: ${stderr}`);
    return accepts(port);
  });
  return { child, stdout: () => stdout };
}

export async function startSidecar(): Promise<Sidecar> {
  const directory = mkdtempSync(join(tmpdir(), "tollgate-sidecar-"));
  const socketPath = join(directory, "run", "grpc.sock");
  const openai = await startMock({ provider: "OpenAI", apiKey: openaiKey });
  const anthropic = await startMock({ provider: "Anthropic", apiKey: anthropicKey });
  const port = await claimPort("127.0.0.1", 0, "");
  const envoyAdminPort = await claimPort("127.0.0.1", 0, "");
  const adminPort = await claimPort("127.0.0.1", 0, "");
  const configFile = join(directory, "envoy.yaml");
  writeFileSync(
    configFile,
    placed({
      "port_value: 10000}": `port_value: ${port}}`,
      "port_value: 9901}": `port_value: ${envoyAdminPort}}`,
      "port_value: 18081}": `port_value: ${openai.port}}`,
      "port_value: 18082}": `port_value: ${anthropic.port}}`,
      "path: /run/tollgate/grpc.sock}": `path: ${socketPath}}`,
    }),
  );
  const start = () =>
    startServe(["-f", resources, "--listen", `unix:${socketPath}`], adminPort, {
      OPENAI_API_KEY: openaiKey,
      ANTHROPIC_API_KEY: anthropicKey,
    });
  let serve = await start();
  const envoy = await runEnvoy(configFile, port);
  return {
    url: `http://127.0.0.1:${port}`,
    socketPath,
    openai,
    anthropic,
    get serve() {
      return serve;
    },
    startServe: async () => {
      serve = await start();
      return serve;
    },
    access: (match) => until("an access log line", () => find(envoy.stdout(), match), 20_000),
    requestLog: (match) =>
      until("a line of Tollgate's log", () => find(serve.stdout(), (line) => line["msg"] === "request" && match(line))),
    envoyStat: async (name) => {
      const filter = encodeURIComponent(`^${name.replaceAll(".", "\\.")}$`);
      const text = await (await fetch(`http://127.0.0.1:${envoyAdminPort}/stats?filter=${filter}`)).text();
      return Number(/: (\d+)/.exec(text)?.[1] ?? Number.NaN);
    },
    metrics: async () => await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text(),
    close: async () => {
      const gone = once(envoy.child, "exit");
      envoy.child.kill("SIGKILL");
      await gone;
      if (serve.child.exitCode === null && serve.child.signalCode === null) await serve.stop("SIGKILL");
      await Promise.all([openai.close(), anthropic.close()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

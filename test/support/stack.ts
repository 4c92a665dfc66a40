import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { loadConfiguration } from "../../src/cli/configuration.ts";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import { type Gateway, startGateway } from "../../src/cli/gateway.ts";
import { claimPort } from "../../src/cli/ports.ts";
import { takesAllResets } from "../../src/cli/transport.ts";
import { Secret } from "../../src/core/auth.ts";
import type { RuntimeConfig } from "../../src/core/runtime-config.ts";
import { renderBootstrap } from "../../src/envoy/bootstrap.ts";
import { makeLogger } from "../../src/observe/logger.ts";
import { testedTransport } from "./transport.ts";
import { accepts, until } from "./wait.ts";

/** Of every gateway that `startStack` starts. */
export const adminToken = "admin-token-of-the-test";

export type LogLine = Readonly<Record<string, unknown>>;

export interface StackOptions {
  /** Files or directories of resources, in addition to `yaml`. */
  readonly paths?: readonly string[];
  /** Resources as text. */
  readonly yaml?: string;
  readonly storeUrl?: string;
  /** Where budgets and the ledger survive; undefined = in memory only. */
  readonly stateDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly mocks?: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
}

/** A real Envoy with the configuration that we render, and our services in this process. */
export interface Stack {
  readonly url: string;
  readonly config: RuntimeConfig;
  readonly gateway: Gateway;
  readonly envoyAdminPort: number;
  /** Lines of the gateway's log. */
  readonly log: LogLine[];
  /** Our log line of one client request, waited for. */
  requestLog(match: (line: LogLine) => boolean): Promise<LogLine>;
  /** Envoy's access log so far. */
  accessLog(): LogLine[];
  /** The first access-log line that matches, waited for. */
  access(match: (line: LogLine) => boolean): Promise<LogLine>;
  envoyStat(name: string): Promise<number>;
  close(): Promise<void>;
}

/** The complete lines: the last may still be being written. */
export function parseLines(text: string): LogLine[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogLine);
}

/** A counter or gauge of Envoy's; 0 when there is none of that name. */
export async function readEnvoyStat(envoyAdminPort: number, name: string): Promise<number> {
  const filter = `^${name.replaceAll(".", "\\.")}$`;
  const text = await (await fetch(`http://127.0.0.1:${envoyAdminPort}/stats?filter=${filter}`)).text();
  return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
}

export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Starts Envoy with a configuration file and waits until it listens. Its own log goes to `envoy.log` in `directory`. */
export async function startEnvoy(configFile: string, directory: string, port: number): Promise<ChildProcess> {
  const { path } = await findEnvoy({ env: process.env });
  const child = spawn(
    path,
    [
      "-c",
      configFile,
      "--concurrency",
      "1",
      "--disable-hot-restart",
      "-l",
      "warn",
      "--file-flush-interval-msec",
      "100",
      "--log-path",
      join(directory, "envoy.log"),
    ],
    {
      stdio: "ignore",
    },
  );
  try {
    await until("Envoy to listen", async () => {
      if (child.exitCode !== null)
        throw new Error(`Envoy ended: ${readFileSync(join(directory, "envoy.log"), "utf8")}`);
      return await accepts(port);
    });
  } catch (error) {
    await stopProcess(child);
    throw error;
  }
  return child;
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const directory = mkdtempSync(join(tmpdir(), "tollgate-test-"));
  const paths = [...(options.paths ?? [])];
  if (options.yaml !== undefined) {
    const file = join(directory, "resources.yaml");
    writeFileSync(file, options.yaml);
    paths.push(file);
  }
  const { config } = loadConfiguration(paths, options.env ?? {}, options.mocks);
  const log: LogLine[] = [];
  const logger = makeLogger(
    "debug",
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        log.push(...parseLines(chunk.toString("utf8")));
        done();
      },
    }),
  );
  const grpcAddress = `unix:${join(directory, "grpc.sock")}`;
  const transport = testedTransport();
  const gateway = await startGateway({
    config,
    grpcAddress,
    transport,
    admin: { address: "127.0.0.1", port: 0, token: new Secret(adminToken) },
    storeUrl: options.storeUrl ?? "memory://",
    stateDir: options.stateDir,
    logger,
  });
  const port = await claimPort("127.0.0.1", 0, "");
  const tombstonePort = await claimPort("127.0.0.1", 0, "");
  const envoyAdminPort = await claimPort("127.0.0.1", 0, "");
  const accessLogPath = join(directory, "access.log");
  const configFile = join(directory, "envoy.json");
  writeFileSync(
    configFile,
    JSON.stringify(
      renderBootstrap(config, {
        grpcAddress,
        grpcTakesAllResets: takesAllResets(transport),
        listen: { address: "127.0.0.1", port },
        adminPort: envoyAdminPort,
        tombstonePort,
        accessLogPath,
        trustedCaFile: "/etc/ssl/certs/ca-certificates.crt",
      }),
    ),
  );
  let envoy: ChildProcess;
  try {
    envoy = await startEnvoy(configFile, directory, port);
  } catch (error) {
    await gateway.close();
    throw error;
  }
  const accessLog = (): LogLine[] => (existsSync(accessLogPath) ? parseLines(readFileSync(accessLogPath, "utf8")) : []);
  return {
    url: `http://127.0.0.1:${port}`,
    config,
    gateway,
    envoyAdminPort,
    log,
    requestLog: (match) =>
      until("the request's log line", () => log.find((line) => line["msg"] === "request" && match(line))),
    accessLog,
    access: (match) => until("an access log line", () => accessLog().find(match), 20_000),
    envoyStat: (name) => readEnvoyStat(envoyAdminPort, name),
    close: async () => {
      await stopProcess(envoy);
      await gateway.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

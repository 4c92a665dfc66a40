import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfiguration } from "../../src/cli/configuration.ts";
import { claimPort } from "../../src/cli/ports.ts";
import { type Transport, takesAllResets } from "../../src/cli/transport.ts";
import { renderBootstrap } from "../../src/envoy/bootstrap.ts";
import { adminToken, type LogLine, parseLines, readEnvoyStat, startEnvoy, stopProcess } from "./stack.ts";
import { testedTransport } from "./transport.ts";
import { until } from "./wait.ts";

/** A gateway that starts among clients that ask again and again has little of the machine. */
const startLimitMs = 60_000;

/** A real Envoy, and the gateway as a process of its own, so that it can be killed and its memory be measured. */
export interface Served {
  readonly url: string;
  readonly adminUrl: string;
  /** The file of resources that it was started with. */
  readonly resources: string;
  readonly envoyPid: number;
  /** The end of what the gateway has printed. */
  output(): string;
  readonly gatewayPid: number;
  /** SIGKILL. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Resident memory of the gateway in MiB. */
  residentMebibytes(): number;
  /** Envoy's access log so far. */
  accessLog(): LogLine[];
  envoyStat(name: string): Promise<number>;
  close(): Promise<void>;
}

/** `yaml`: all resources, providers' addresses included. `transport`: who serves gRPC. */
export async function startServed(
  yaml: string,
  store = "memory://",
  transport: Transport = testedTransport(),
): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), "tollgate-served-"));
  const resources = join(directory, "resources.yaml");
  writeFileSync(resources, yaml);
  const [port, adminPort, envoyAdminPort, tombstonePort] = await Promise.all(
    [0, 0, 0, 0].map(() => claimPort("127.0.0.1", 0, "")),
  );
  if (!port || !adminPort || !envoyAdminPort || !tombstonePort) throw new Error("no ports");
  const grpcAddress = `unix:${join(directory, "grpc.sock")}`;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  let gateway: ChildProcess | undefined;
  let output = "";

  const start = async (): Promise<void> => {
    const places = [
      "--listen",
      grpcAddress,
      "--admin-port",
      String(adminPort),
      "--state-dir",
      join(directory, "state"),
    ];
    const options = [...places, "--store", store, "--transport", transport];
    const child = spawn(process.execPath, ["bin/tollgate.mjs", "serve", "-f", resources, ...options], {
      env: { ...process.env, TOLLGATE_LOG_LEVEL: "warn", TOLLGATE_ADMIN_TOKEN: adminToken },
      stdio: ["ignore", "pipe", "pipe"],
    });
    gateway = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString("utf8")).slice(-10_000);
      });
    await until(
      "the gateway's health",
      async () => {
        if (child.exitCode !== null) throw new Error(`the gateway ended: ${output}`);
        return await fetch(`${adminUrl}/health`).then(
          ({ ok }) => ok,
          () => false,
        );
      },
      startLimitMs,
    );
  };

  const kill = async (): Promise<void> => {
    if (gateway === undefined || gateway.exitCode !== null || gateway.signalCode !== null) return;
    const gone = once(gateway, "exit");
    gateway.kill("SIGKILL");
    await gone;
  };

  const orKill = async (error: unknown): Promise<never> => {
    await kill();
    throw error;
  };
  await start().catch(orKill);
  const accessLogPath = join(directory, "access.log");
  const bootstrap = renderBootstrap(loadConfiguration([resources], {}).config, {
    grpcAddress,
    grpcTakesAllResets: takesAllResets(transport),
    listen: { address: "127.0.0.1", port },
    adminPort: envoyAdminPort,
    tombstonePort,
    accessLogPath,
    trustedCaFile: "/etc/ssl/certs/ca-certificates.crt",
  });
  const configFile = join(directory, "envoy.json");
  writeFileSync(configFile, JSON.stringify(bootstrap));
  const envoy = await startEnvoy(configFile, directory, port).catch(orKill);
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl,
    resources,
    envoyPid: envoy.pid ?? 0,
    output: () => output,
    get gatewayPid() {
      return gateway?.pid ?? 0;
    },
    kill,
    start,
    residentMebibytes: () => {
      const status = readFileSync(`/proc/${gateway?.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
    },
    accessLog: () => (existsSync(accessLogPath) ? parseLines(readFileSync(accessLogPath, "utf8")) : []),
    envoyStat: (name) => readEnvoyStat(envoyAdminPort, name),
    close: async () => {
      await stopProcess(envoy);
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

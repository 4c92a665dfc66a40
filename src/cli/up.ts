import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { renderBootstrap } from "../envoy/bootstrap.ts";
import { makeLogger } from "../observe/logger.ts";
import { banner } from "./banner.ts";
import { startChild } from "./children.ts";
import { loadConfiguration } from "./configuration.ts";
import { planMocks } from "./demo-mocks.ts";
import { findEnvoy } from "./envoy-binary.ts";
import { startGateway } from "./gateway.ts";
import { type CommandIo, listOption, type OptionValues, parseOptions, portOption, textOption } from "./options.ts";
import { claimPort } from "./ports.ts";
import { defaultTrustedCaFile } from "./render.ts";
import { openStateDir, type StateDir } from "./state-dir.ts";
import { stopSignal } from "./stop-signal.ts";

const demo = fileURLToPath(new URL("../../envoy/resources/demo", import.meta.url));
const launcher = fileURLToPath(new URL("../../bin/tollgate.mjs", import.meta.url));

const usage = `tollgate up [-f PATH…] [OPTIONS]
Everything on one machine: Envoy, the gateway, and mock providers for MockBackends.
  -f, --file PATH       file or directory of resources (repeatable; default: the demo)
      --port PORT       port that clients use, 0 = any free one (default: the resources' listener.port)
      --admin-port P    port of /health, /ready and /metrics, 0 = any free one (default: the resources' admin.port)
      --store URL       where rate limits count: memory:// or redis://host:port (default: the resources' store.url)
      --envoy PATH      the Envoy program (default: $ENVOY_BIN, PATH, or a pinned one that is installed into a cache folder)
      --state-dir DIR   logs and Envoy's configuration (default: .tollgate)
      --log-level L     debug, info, warn, error (default: the resources' log.level)
Environment: ENVOY_BIN, TOLLGATE_STORE, TOLLGATE_LOG_LEVEL, TOLLGATE_CACHE.
`;

const optionSpecs = {
  file: { type: "string", short: "f", multiple: true },
  port: { type: "string" },
  "admin-port": { type: "string" },
  store: { type: "string" },
  envoy: { type: "string" },
  "state-dir": { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Things to stop, in reverse order of starting. */
class Running {
  readonly #stops: (() => Promise<void> | void)[] = [];

  add(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}

async function startMocks(
  config: ReturnType<typeof loadConfiguration>,
  state: StateDir,
  running: Running,
  io: CommandIo,
): Promise<Map<string, { host: string; port: number }>> {
  const addresses = new Map<string, { host: string; port: number }>();
  for (const process_ of await planMocks(config.mocks)) {
    const log = state.log("mocks.log");
    const [first] = process_.backends;
    if (first === undefined) continue;
    const child = await startChild({
      name: "the mock providers",
      command: process.execPath,
      args: [launcher, "mocks", ...process_.args],
      env: { ...io.env, ...process_.env },
      log,
      listens: { address: "127.0.0.1", port: first.port },
      report: (message) => io.stderr.write(`${message}\n`),
    });
    running.add(() => child.stop());
    for (const { id, port } of process_.backends) addresses.set(id, { host: "127.0.0.1", port });
  }
  return addresses;
}

async function startEnvoy(
  config: RuntimeConfig,
  binary: string,
  port: number,
  state: StateDir,
  running: Running,
  io: CommandIo,
): Promise<void> {
  const { listener, envoy } = config.settings;
  const file = state.file("envoy.json");
  const bootstrap = renderBootstrap(config, {
    grpcAddress: state.grpcAddress,
    listen: { address: listener.address, port },
    adminPort: await claimPort("127.0.0.1", envoy.adminPort, "envoy.adminPort of TollgateConfig"),
    tombstonePort: await claimPort("127.0.0.1", 0, "a free port"),
    accessLogPath: state.file("access.log"),
    trustedCaFile: defaultTrustedCaFile,
  });
  writeFileSync(file, JSON.stringify(bootstrap, null, 2));
  const child = await startChild({
    name: "Envoy",
    command: binary,
    args: [
      "-c",
      file,
      "--concurrency",
      String(envoy.concurrency),
      "--use-dynamic-base-id",
      "-l",
      "warn",
      ...envoy.extraArgs,
    ],
    log: state.log("envoy.log"),
    listens: { address: listener.address, port },
    report: (message) => io.stderr.write(`${message}\n`),
  });
  running.add(() => child.stop());
}

async function start(values: OptionValues, io: CommandIo, running: Running): Promise<string> {
  const files = listOption(values["file"]);
  const paths = files.length === 0 ? [demo] : files;
  const first = loadConfiguration(paths, io.env);
  const { listener, admin, store, log } = first.config.settings;
  const port = await claimPort(listener.address, portOption(values["port"], "port") ?? listener.port, "--port");
  const adminPort = await claimPort(
    admin.address,
    portOption(values["admin-port"], "admin-port") ?? admin.port,
    "--admin-port",
  );
  const binary = await findEnvoy({
    env: {
      ...io.env,
      ...(textOption(values["envoy"]) === undefined ? {} : { ENVOY_BIN: textOption(values["envoy"]) }),
    },
    progress: (message) => io.stderr.write(`${message}\n`),
  });
  const state = openStateDir(textOption(values["state-dir"]) ?? ".tollgate");
  running.add(() => state.close());
  const addresses = await startMocks(first, state, running, io);
  const { config, remarks } = addresses.size === 0 ? first : loadConfiguration(paths, io.env, addresses);
  if (remarks !== "") io.stderr.write(`${remarks}\n`);
  const storeUrl = textOption(values["store"]) ?? io.env["TOLLGATE_STORE"] ?? store.url;
  const gateway = await startGateway({
    config,
    grpcAddress: state.grpcAddress,
    admin: { address: admin.address, port: adminPort },
    storeUrl,
    logger: makeLogger(
      textOption(values["log-level"]) ?? io.env["TOLLGATE_LOG_LEVEL"] ?? log.level,
      state.log("gateway.log"),
    ),
  });
  running.add(() => gateway.close());
  await startEnvoy(config, binary.path, port, state, running, io);
  return banner({
    config,
    port,
    adminPort: gateway.adminPort,
    envoyVersion: binary.version,
    mocks: addresses,
    storeUrl,
    stateDir: state.path,
    demo: files.length === 0,
  });
}

/** `tollgate up` (and `npm start`). Ends on Ctrl-C and SIGTERM, and leaves nothing running. */
export async function up(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, optionSpecs);
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const running = new Running();
  const stopped = stopSignal();
  try {
    const started = start(values, io, running);
    const outcome = await Promise.race([started, stopped]);
    if (outcome !== "SIGINT" && outcome !== "SIGTERM") {
      io.stdout.write(outcome);
      await stopped;
      io.stderr.write("\nstopping …\n");
    }
  } finally {
    await running.stop();
  }
  return 0;
}

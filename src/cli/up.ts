import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type LoadedFile, load } from "../config/load.ts";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import type { RenderOptions } from "../envoy/options.ts";
import { makeLogger } from "../observe/logger.ts";
import { adminTokenFile, makeAdminToken, removeAdminToken, writeAdminToken } from "./admin-token.ts";
import { asFiles, makeResourceApi, openResources } from "./applied-resources.ts";
import { banner } from "./banner.ts";
import { compileFiles } from "./configuration.ts";
import { drainEnvoy } from "./drain.ts";
import { findEnvoy } from "./envoy-binary.ts";
import { EnvoyFeed } from "./envoy-feed.ts";
import { envoyNotReady, envoyWarmed, startEnvoy } from "./envoy-process.ts";
import { uncaughtError } from "./failure.ts";
import { startGateway } from "./gateway.ts";
import { Guard } from "./guard.ts";
import { kubeconfigFile, writeKubeconfig } from "./kubeconfig-file.ts";
import { Mocks } from "./mock-processes.ts";
import { type CommandIo, listOption, type OptionValues, parseOptions, textOption, UsageError } from "./options.ts";
import { claimPort } from "./ports.ts";
import { printConfig } from "./print-config.ts";
import { Reloader } from "./reloader.ts";
import { defaultTrustedCaFile } from "./render.ts";
import { Running } from "./running.ts";
import { stateDirSetting, upSettings } from "./settings.ts";
import { StartRefusal } from "./start-refusal.ts";
import { openStateDir } from "./state-dir.ts";
import { stopSignal } from "./stop-signal.ts";
import { takesAllResets } from "./transport.ts";
import { urlOf } from "./url-of.ts";
import { FileWatch } from "./watch-files.ts";

const usage = `tollgate up [-f PATH…] [OPTIONS]
Everything on one machine: Envoy, the gateway, and mock providers for MockBackends.
Resources that change take effect by themselves.
  -f, --file PATH       file or directory of resources (repeatable; default: the demo)
      --port PORT       port that clients use, 0 = any free one (default: the resources' listener.port)
      --admin-token T   what kubectl, receipts and budgets ask for (default: the Secret of admin.tokenSecretRef, else one is made)
      --admin-port P    port of /health, /ready, /metrics, receipts, budgets and kubectl, 0 = any free one (default: the resources' admin.port)
      --store URL       where rate limits count: memory:// or Redis, see docs/rate-limits.md (default: the resources' store.url)
      --envoy PATH      the Envoy program (default: $ENVOY_BIN, PATH, or a pinned one that is installed into a cache folder)
      --state-dir DIR   logs, Envoy's configuration, what budgets have spent, receipts, what was applied with kubectl (default: .tollgate)
      --transport NAME  who serves gRPC: http2, our own, or grpc-js (default: http2)
      --log-level L     debug, info, warn, error (default: the resources' log.level)
      --print-config    print the settings in force and where each comes from, and start nothing
Environment: TOLLGATE_PORT, TOLLGATE_ADMIN_PORT, TOLLGATE_ADMIN_TOKEN, TOLLGATE_STORE, TOLLGATE_STATE_DIR, TOLLGATE_TRANSPORT and
TOLLGATE_LOG_LEVEL stand for the flags of these names; ENVOY_BIN names the Envoy program, TOLLGATE_CACHE the folder where it is installed.
`;

const optionSpecs = {
  file: { type: "string", short: "f", multiple: true },
  port: { type: "string" },
  "admin-port": { type: "string" },
  "admin-token": { type: "string" },
  store: { type: "string" },
  envoy: { type: "string" },
  "state-dir": { type: "string" },
  transport: { type: "string" },
  "log-level": { type: "string" },
  "print-config": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** When stopping takes longer than this after an uncaught error, the process ends all the same; the guard ends its children. */
const lastResortMs = 20_000;

/** The demo's resources, by the shorter of their names. */
function demo(): string {
  const path = fileURLToPath(new URL("../../envoy/resources/demo", import.meta.url));
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near;
}

/** Starts everything, each thing handed to `running`; what a person should see when all of it runs. */
async function start(values: OptionValues, paths: readonly string[], io: CommandIo, running: Running): Promise<string> {
  const tell = (message: string): void => void io.stderr.write(`${message}\n`);
  const files = paths.length === 0 ? [demo()] : paths;
  const resources = openResources(stateDirSetting(values, io.env).value);
  const applied = (): readonly LoadedFile[] => asFiles(resources.texts());
  const read = [...load(files), ...applied()];
  const first = compileFiles(read, io.env);
  const settings = upSettings(values, io.env, first);
  if (values["print-config"] === true) return printConfig(first, settings);
  if (first.remarks !== "") tell(first.remarks);
  const { listener, admin, envoy } = first.config.settings;
  const port = await claimPort(listener.address, settings.port.value, "--port");
  const adminPort = await claimPort(admin.address, settings.adminPort.value, "--admin-port");
  const envoyAdminPort = await claimPort("127.0.0.1", envoy.adminPort, "envoy.adminPort of TollgateConfig");
  const state = openStateDir(settings.stateDir.value, tell);
  await running.add(() => state.close());
  const guard = new Guard(state.socketDir);
  await running.add(() => guard.close());
  const binary = await findEnvoy({
    path: textOption(values["envoy"]),
    env: io.env,
    progress: tell,
    signal: running.signal,
  });
  const mocks = new Mocks({ state, guard, running, io });
  await mocks.start(first.mocks);
  const token = settings.adminToken.value ?? makeAdminToken();
  const madeToken = settings.adminToken.value === undefined ? token : undefined;
  const tokenPath = state.file(adminTokenFile);
  removeAdminToken(tokenPath);
  if (madeToken !== undefined) {
    writeAdminToken(tokenPath, madeToken);
    await running.add(() => removeAdminToken(tokenPath));
    await running.add(writeKubeconfig(state.file(kubeconfigFile), urlOf(admin.address, adminPort), madeToken));
  }
  const { config } = first.mocks.length === 0 ? first : compileFiles(read, io.env, mocks.addresses);
  const render: RenderOptions = {
    grpcAddress: state.grpcAddress,
    grpcTakesAllResets: takesAllResets(settings.transport.value),
    listen: { address: listener.address, port },
    adminPort: envoyAdminPort,
    tombstonePort: await claimPort("127.0.0.1", 0, "a free port"),
    accessLogPath: state.file("access.log"),
    trustedCaFile: defaultTrustedCaFile,
  };
  const logger = makeLogger(settings.logLevel.value, state.log("gateway.log"));
  const refusal = new StartRefusal();
  const feed = new EnvoyFeed({
    config,
    render,
    warmed: () => envoyWarmed(envoyAdminPort),
    refused: (reason) => {
      logger.error({ reason }, "Envoy refuses a part of its configuration");
      refusal.told(reason);
    },
  });
  let changeOver: (() => Promise<void>) | undefined;
  let inForce = (): RuntimeConfig => config;
  const resourceApi = makeResourceApi({
    store: resources,
    files: () => load(files),
    env: io.env,
    mocks: () => mocks.addresses,
    running: () => inForce(),
    changeOver: async () => await changeOver?.(),
  });
  await resourceApi.refresh();
  const gateway = await startGateway({
    config,
    grpcAddress: state.grpcAddress,
    transport: settings.transport.value,
    admin: { address: admin.address, port: adminPort, token, resourceApi },
    storeUrl: settings.storeUrl.value,
    stateDir: state.path,
    logger,
    othersNotReady: () => envoyNotReady(envoyAdminPort),
    storeChanged: tell,
    feed,
  });
  await running.add(() => gateway.close());
  await refusal.during(
    startEnvoy({ config, render, binary: binary.path, state, report: tell, runs: guard.place() }, running),
  );
  const reloader = new Reloader({
    paths: files,
    applied,
    env: io.env,
    first,
    files: read,
    settings: config.settings,
    live: gateway.live,
    mocks,
    budgetRemarks: () => gateway.budgetRemarks(),
    tell,
    logger,
    metrics: gateway.metrics,
    nowMs: Date.now,
  });
  changeOver = () => reloader.check();
  inForce = () => gateway.live.current;
  const watch = new FileWatch(files, () => void reloader.check().then(() => resourceApi.refresh()));
  await running.add(() => watch.close());
  await running.add(() =>
    drainEnvoy(envoyAdminPort, (requests) => tell(`requests in flight: ${requests}; Ctrl-C again ends at once`)),
  );
  return banner({
    config,
    port,
    adminPort: gateway.adminPort,
    madeToken,
    envoyVersion: binary.version,
    mocks: mocks.addresses,
    storeUrl: settings.storeUrl.value,
    stateDir: state.path,
    demo: paths.length === 0,
  });
}

/**
 * `tollgate up` (and `npm start`). Ends on Ctrl-C, SIGTERM and SIGHUP with 0, and on an error that nobody caught with 1, so that
 * whatever started it can start it again; leaves nothing running.
 */
export async function up(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, optionSpecs);
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  // a shell makes `-f a.yaml b.yaml` of `-f *.yaml`
  const paths = [...listOption(values["file"]), ...positionals];
  if (positionals.length > 0 && positionals.length === paths.length) {
    throw new UsageError(`${positionals[0]} is no option; name resources with -f PATH`);
  }
  const running = new Running();
  const stopped = stopSignal().then(() => "stopped" as const);
  const broken = uncaughtError();
  const started = start(values, paths, io, running);
  try {
    const outcome = await Promise.race([started, stopped, broken]);
    if (typeof outcome === "string" && outcome !== "stopped") io.stdout.write(outcome);
    if (values["print-config"] === true) return 0;
    const end = await Promise.race([stopped, broken]);
    if (end instanceof Error) {
      io.stderr.write(`tollgate up: an error in the gateway that nobody caught; everything is stopped\n${end.stack}\n`);
      setTimeout(() => process.exit(1), lastResortMs).unref();
      return 1;
    }
    io.stderr.write("\nstopping …\n");
    return 0;
  } finally {
    await running.stop();
    // what was being started has been told to stop; it ends in `Stopped` or in the error that was thrown above
    await started.catch(() => undefined);
  }
}

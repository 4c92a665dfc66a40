import { load } from "../config/load.ts";
import { makeLogger } from "../observe/logger.ts";
import { makeAdminToken } from "./admin-token.ts";
import { claimGrpcAddress } from "./claim-grpc-address.ts";
import { compileFiles } from "./configuration.ts";
import { startGateway } from "./gateway.ts";
import { checkGrpcAddress } from "./grpc-address.ts";
import { type CommandIo, listOption, parseOptions, textOption, UsageError } from "./options.ts";
import { claimPort } from "./ports.ts";
import { Reloader } from "./reloader.ts";
import { renderedElsewhere } from "./rendered-elsewhere.ts";
import { upSettings } from "./settings.ts";
import { loadStandardLimits } from "./standard-limits.ts";
import { claimStateDir } from "./state-dir.ts";
import { stopSignal } from "./stop-signal.ts";
import { FileWatch } from "./watch-files.ts";

const usage = `tollgate serve -f PATH… [--rate-limit-config PATH] [OPTIONS]
Runs the gateway's gRPC services (ext_proc, rate limits, attempt log) for an Envoy that somebody else runs.
Resources that change take effect by themselves; SIGHUP reads them at once.
  -f, --file PATH           file or directory of resources (repeatable)
      --listen ADDR         unix:/path or host:port (default: unix:/run/tollgate/grpc.sock)
      --admin-token TOKEN   what receipts and budgets ask for (default: the Secret of admin.tokenSecretRef, else one is made and printed)
      --admin-address ADDR  address of /health, /ready, /metrics, receipts and budgets (default: the resources' admin.address)
      --admin-port PORT     its port, 0 = any free one (default: the resources' admin.port)
      --store URL           where rate limits count: memory:// or Redis, see docs/rate-limits.md (default: the resources' store.url)
      --state-dir DIR       folder of this gateway alone that keeps what budgets have spent, and receipts (default: none; both are
                            then kept in Redis, or forgotten when it ends)
      --rate-limit-config PATH
                            file or directory of the standard rate-limit service's YAML, served too; goes without -f
      --transport NAME      who serves gRPC: http2, our own, or grpc-js (default: http2)
      --log-level LEVEL     debug, info, warn, error (default: the resources' log.level)
Environment: TOLLGATE_ADMIN_PORT, TOLLGATE_ADMIN_TOKEN, TOLLGATE_STORE, TOLLGATE_STATE_DIR, TOLLGATE_TRANSPORT, TOLLGATE_LOG_LEVEL.
`;

/** `tollgate serve`. Ends on SIGTERM and SIGINT; SIGHUP reads the resources again. */
export async function serve(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    file: { type: "string", short: "f", multiple: true },
    listen: { type: "string" },
    "admin-address": { type: "string" },
    "admin-port": { type: "string" },
    "admin-token": { type: "string" },
    store: { type: "string" },
    "state-dir": { type: "string" },
    "rate-limit-config": { type: "string" },
    transport: { type: "string" },
    "log-level": { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const tell = (message: string): void => void io.stderr.write(`${message}\n`);
  const paths = listOption(values["file"]);
  if (positionals.length > 0) throw new UsageError(`every PATH needs its own -f: ${positionals.join(" ")}`);
  const standardPath = textOption(values["rate-limit-config"]);
  if (paths.length === 0 && standardPath === undefined)
    throw new UsageError("name the resources with -f PATH, or only limits with --rate-limit-config PATH");
  const grpcAddress = textOption(values["listen"]) ?? "unix:/run/tollgate/grpc.sock";
  const warning = checkGrpcAddress(grpcAddress);
  const files = load(paths);
  const loaded = compileFiles(files, io.env);
  const { config, remarks } = loaded;
  const standardLimits = standardPath === undefined ? undefined : loadStandardLimits(standardPath);
  // clients connect to somebody else's Envoy: there is no port of theirs here that could be the admin interface's too
  const settings = upSettings({ ...values, port: "0" }, io.env, loaded);
  for (const remark of [remarks, warning ?? ""]) if (remark !== "") tell(remark);
  await claimGrpcAddress(grpcAddress, "--listen");
  const address = textOption(values["admin-address"]) ?? config.settings.admin.address;
  const adminPort = await claimPort(address, settings.adminPort.value, "--admin-address and --admin-port");
  const token = settings.adminToken.value ?? makeAdminToken();
  const { stateDir } = settings;
  const kept = stateDir.from === "default" ? undefined : claimStateDir(stateDir.value);
  const stop = stopSignal(["SIGINT", "SIGTERM"]);
  const logger = makeLogger(settings.logLevel.value);
  const gateway = await startGateway({
    config,
    grpcAddress,
    transport: settings.transport.value,
    admin: { address, port: adminPort, token },
    storeUrl: settings.storeUrl.value,
    stateDir: kept?.directory,
    standardLimits,
    logger,
    storeChanged: tell,
  });
  tell(
    `tollgate serves ext_proc and rate limits on ${grpcAddress}; health on http://${address}:${gateway.adminPort}/health\n` +
      `  rate limits: ${config.limits.size} (a hand-written Envoy configuration needs a slot for each that can apply to one request)` +
      (standardLimits === undefined ? "" : `\n  limits of the domains ${[...standardLimits.keys()].join(", ")}`),
  );
  if (settings.adminToken.value === undefined)
    tell(`  admin token of this run, for receipts and budgets: ${token.reveal()} (TOLLGATE_ADMIN_TOKEN sets one)`);
  const reloader = new Reloader({
    paths,
    env: io.env,
    first: loaded,
    files,
    settings: config.settings,
    live: gateway.live,
    budgetRemarks: () => gateway.budgetRemarks(),
    consequences: renderedElsewhere,
    tell,
    logger,
    metrics: gateway.metrics,
    nowMs: Date.now,
  });
  const watch = new FileWatch(paths, () => void reloader.check());
  const reload = (): void => void reloader.reload();
  process.on("SIGHUP", reload);
  await stop;
  process.off("SIGHUP", reload);
  watch.close();
  await gateway.close();
  kept?.release();
  return 0;
}

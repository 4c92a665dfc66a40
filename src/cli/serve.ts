import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { makeLogger } from "../observe/logger.ts";
import { loadConfiguration } from "./configuration.ts";
import { startGateway } from "./gateway.ts";
import { checkGrpcAddress } from "./grpc-address.ts";
import { type CommandIo, listOption, parseOptions, portOption, textOption, UsageError } from "./options.ts";
import { claimPort } from "./ports.ts";
import { stopSignal } from "./stop-signal.ts";

const usage = `tollgate serve -f PATH… [OPTIONS]
Runs the gateway's gRPC services (ext_proc, rate limits, attempt log) for an Envoy that somebody else runs.
  -f, --file PATH           file or directory of resources (repeatable)
      --listen ADDR         unix:/path or host:port (default: unix:/run/tollgate/grpc.sock)
      --admin-address ADDR  address of /health, /ready and /metrics (default: the resources' admin.address)
      --admin-port PORT     its port, 0 = any free one (default: the resources' admin.port)
      --store URL           where rate limits count: memory:// or redis://host:port (default: the resources' store.url)
      --log-level LEVEL     debug, info, warn, error (default: the resources' log.level)
Environment: TOLLGATE_STORE, TOLLGATE_LOG_LEVEL.
`;

/** `tollgate serve`. Ends on SIGTERM and SIGINT. */
export async function serve(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    file: { type: "string", short: "f", multiple: true },
    listen: { type: "string" },
    "admin-address": { type: "string" },
    "admin-port": { type: "string" },
    store: { type: "string" },
    "log-level": { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const paths = listOption(values["file"]);
  if (paths.length === 0) throw new UsageError("name the resources with -f PATH");
  const stop = stopSignal();
  const { config, remarks } = loadConfiguration(paths, io.env);
  if (remarks !== "") io.stderr.write(`${remarks}\n`);
  const grpcAddress = textOption(values["listen"]) ?? "unix:/run/tollgate/grpc.sock";
  const warning = checkGrpcAddress(grpcAddress);
  if (warning !== undefined) io.stderr.write(`${warning}\n`);
  if (grpcAddress.startsWith("unix:")) mkdirSync(dirname(grpcAddress.slice("unix:".length)), { recursive: true });
  const address = textOption(values["admin-address"]) ?? config.settings.admin.address;
  const port = portOption(values["admin-port"], "admin-port") ?? config.settings.admin.port;
  const gateway = await startGateway({
    config,
    grpcAddress,
    admin: { address, port: await claimPort(address, port, "--admin-port") },
    storeUrl: textOption(values["store"]) ?? io.env["TOLLGATE_STORE"] ?? config.settings.store.url,
    logger: makeLogger(textOption(values["log-level"]) ?? io.env["TOLLGATE_LOG_LEVEL"] ?? config.settings.log.level),
  });
  io.stderr.write(
    `tollgate serves ext_proc and rate limits on ${grpcAddress}; health on http://${address}:${gateway.adminPort}/health\n`,
  );
  await stop;
  await gateway.close();
  return 0;
}

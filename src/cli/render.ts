import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { renderBootstrap } from "../envoy/bootstrap.ts";
import { loadConfiguration } from "./configuration.ts";
import { type CommandIo, listOption, parseOptions, portOption, textOption, UsageError } from "./options.ts";

export const defaultTrustedCaFile = "/etc/ssl/certs/ca-certificates.crt";

const usage = `tollgate render -f PATH… [OPTIONS]
Writes the Envoy configuration for these resources.
  -f, --file PATH            file or directory of resources (repeatable)
      --output FILE          where to write it (default: standard output)
      --grpc-address ADDR    where Tollgate's gRPC services are: unix:/path or host:port (default: unix:/run/tollgate/grpc.sock)
      --listen-address ADDR  address that Envoy listens on (default: the resources' listener.address)
      --port PORT            port that Envoy listens on (default: the resources' listener.port)
      --envoy-admin-port P   Envoy's admin interface on loopback (default: none)
      --tombstone-port PORT  loopback port for Envoy's own 503 answers (default: 18999)
      --access-log FILE      Envoy's access log (default: standard output)
      --ca-file FILE         trusted certificates for TLS to providers (default: ${defaultTrustedCaFile})
`;

/** `tollgate render`. */
export async function render(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    file: { type: "string", short: "f", multiple: true },
    output: { type: "string" },
    "grpc-address": { type: "string" },
    "listen-address": { type: "string" },
    port: { type: "string" },
    "envoy-admin-port": { type: "string" },
    "tombstone-port": { type: "string" },
    "access-log": { type: "string" },
    "ca-file": { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const paths = listOption(values["file"]);
  if (paths.length === 0) throw new UsageError("name the resources with -f PATH");
  const { config, remarks } = loadConfiguration(paths, io.env);
  if (remarks !== "") io.stderr.write(`${remarks}\n`);
  const { listener } = config.settings;
  const bootstrap = renderBootstrap(config, {
    grpcAddress: textOption(values["grpc-address"]) ?? "unix:/run/tollgate/grpc.sock",
    listen: {
      address: textOption(values["listen-address"]) ?? listener.address,
      port: portOption(values["port"], "port") ?? listener.port,
    },
    adminPort: portOption(values["envoy-admin-port"], "envoy-admin-port"),
    tombstonePort: portOption(values["tombstone-port"], "tombstone-port") ?? 18_999,
    accessLogPath: textOption(values["access-log"]),
    trustedCaFile: textOption(values["ca-file"]) ?? defaultTrustedCaFile,
  });
  const text = stringify(bootstrap, { lineWidth: 0 });
  const output = textOption(values["output"]);
  if (output === undefined) io.stdout.write(text);
  else writeFileSync(output, text);
  return 0;
}

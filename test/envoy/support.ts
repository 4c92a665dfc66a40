import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { findEnvoy } from "../../src/cli/envoy-binary.ts";
import type { RenderOptions } from "../../src/envoy/options.ts";
import type { Loose } from "../support/client.ts";

/** Runs `envoy --mode validate`. It opens no port, but it reads the certificates that a configuration names. */
export class Judge {
  readonly #folder = mkdtempSync(join(tmpdir(), "tollgate-render-"));
  readonly trustedCaFile = join(this.#folder, "ca.pem");

  constructor() {
    writeFileSync(this.trustedCaFile, rootCertificates.slice(0, 2).join("\n"));
  }

  get options(): RenderOptions {
    return {
      grpcAddress: "unix:/run/tollgate/grpc.sock",
      listen: { address: "127.0.0.1", port: 8080 },
      adminPort: undefined,
      tombstonePort: 18_999,
      accessLogPath: undefined,
      trustedCaFile: this.trustedCaFile,
    };
  }

  /** What Envoy says against a configuration (YAML text, or an object); empty = nothing. Unknown fields are errors. */
  async objections(configuration: object | string): Promise<string> {
    const { path } = await findEnvoy({ env: process.env });
    const file = join(this.#folder, typeof configuration === "string" ? "envoy.yaml" : "envoy.json");
    writeFileSync(file, typeof configuration === "string" ? configuration : JSON.stringify(configuration));
    const { status, stdout, stderr } = spawnSync(path, ["--mode", "validate", "-c", file, "-l", "warn"], {
      encoding: "utf8",
    });
    return status === 0 ? "" : `${stdout}${stderr}` || `Envoy ended with ${status}`;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The members of a rendered configuration that tests ask for. */
export function parts(bootstrap: object) {
  const { listeners, clusters }: Loose = (bootstrap as Loose).static_resources;
  const manager = listeners[0].filter_chains[0].filters[0].typed_config;
  const [virtualHost] = manager.route_config.virtual_hosts;
  const cluster = (name: string): Loose => clusters.find((one: Loose) => one.name === name);
  const http = (name: string): Loose =>
    cluster(name).typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
  return {
    manager,
    virtualHost,
    routes: virtualHost.routes as Loose[],
    rateLimits: virtualHost.typed_per_filter_config?.["envoy.filters.http.ratelimit"]?.rate_limits as Loose[],
    filter: (name: string): Loose => manager.http_filters.find((one: Loose) => one.name === name)?.typed_config,
    listener: (name: string): Loose => listeners.find((one: Loose) => one.name === name),
    cluster,
    http,
    upstreamFilters: (name: string): Loose[] => http(name).http_filters,
  };
}

import { writeFileSync } from "node:fs";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { renderBootstrap } from "../envoy/bootstrap.ts";
import { type ChildOptions, startChild } from "./children.ts";
import { claimPort } from "./ports.ts";
import { defaultTrustedCaFile } from "./render.ts";
import type { Running } from "./running.ts";
import type { StateDir } from "./state-dir.ts";
import { type Transport, takesAllResets } from "./transport.ts";

const probeLimitMs = 1_000;

/** Why Envoy, whose admin interface is at `adminPort`, cannot serve at this moment; undefined = it can. */
export async function envoyNotReady(adminPort: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort}/ready`, { signal: AbortSignal.timeout(probeLimitMs) });
    const state = (await response.text()).trim();
    return response.ok ? undefined : `Envoy is not ready: ${state}`;
  } catch {
    return "Envoy is not running or does not answer"; // how it fails to answer says nothing more to the reader
  }
}

export interface EnvoyProcessOptions extends Pick<ChildOptions, "report" | "runs"> {
  readonly config: RuntimeConfig;
  readonly transport: Transport;
  readonly binary: string;
  readonly port: number;
  readonly adminPort: number;
  readonly state: StateDir;
}

/** Starts Envoy with what the configuration renders to, and keeps it running. Settles when it listens. */
export async function startEnvoy(options: EnvoyProcessOptions, running: Running): Promise<void> {
  const { config, binary, port, state, report, runs } = options;
  const { listener, envoy } = config.settings;
  const file = state.file("envoy.json");
  const bootstrap = renderBootstrap(config, {
    grpcAddress: state.grpcAddress,
    grpcTakesAllResets: takesAllResets(options.transport),
    listen: { address: listener.address, port },
    adminPort: options.adminPort,
    tombstonePort: await claimPort("127.0.0.1", 0, "a free port"),
    accessLogPath: state.file("access.log"),
    trustedCaFile: defaultTrustedCaFile,
  });
  writeFileSync(file, JSON.stringify(bootstrap, null, 2));
  await startChild(
    {
      name: "Envoy",
      command: binary,
      args: [
        "-c",
        file,
        "--concurrency",
        String(envoy.concurrency),
        // we never hand over from one Envoy to the next, and its shared memory would outlive it
        "--disable-hot-restart",
        "-l",
        "warn",
        // lines of the access log are seen soon (the default is 10 s)
        "--file-flush-interval-msec",
        "500",
        ...envoy.extraArgs,
      ],
      log: state.log("envoy.log"),
      logPath: state.file("envoy.log"),
      listens: { address: listener.address, port },
      report,
      runs,
    },
    running,
  );
}

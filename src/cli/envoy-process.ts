import { writeFileSync } from "node:fs";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { renderDynamicBootstrap } from "../envoy/bootstrap.ts";
import type { RenderOptions } from "../envoy/options.ts";
import { type ChildOptions, startChild } from "./children.ts";
import type { Running } from "./running.ts";
import type { StateDir } from "./state-dir.ts";

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
  readonly render: RenderOptions;
  readonly binary: string;
  readonly state: StateDir;
}

const warmMs = 3_000;
const lookEveryMs = 10;

/** Settles when Envoy has resolved the names of all clusters that it was given, or does not answer, or after a while. */
export async function envoyWarmed(adminPort: number): Promise<void> {
  const signal = AbortSignal.timeout(warmMs);
  const url = `http://127.0.0.1:${adminPort}/stats?filter=^cluster_manager.warming_clusters$`;
  try {
    for (;;) {
      const text = await (await fetch(url, { signal })).text();
      if (!/: [1-9]/.test(text)) return;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  } catch {
    // a name that does not resolve: requests to it are told so; or Envoy is starting anew, with the whole configuration
  }
}

/** Starts Envoy, which asks us for its configuration, and keeps it running. Settles when it listens. */
export async function startEnvoy(options: EnvoyProcessOptions, running: Running): Promise<void> {
  const { config, binary, render, state, report, runs } = options;
  const { envoy } = config.settings;
  const file = state.file("envoy.json");
  const bootstrap = renderDynamicBootstrap(config, render);
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
        // a field of our configuration that it does not know is a mistake, not something to pass over
        "--reject-unknown-dynamic-fields",
        ...envoy.extraArgs,
      ],
      log: state.log("envoy.log"),
      logPath: state.file("envoy.log"),
      listens: render.listen,
      report,
      runs,
    },
    running,
  );
}

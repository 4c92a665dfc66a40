import { isDeepStrictEqual } from "node:util";
import type { RuntimeConfig } from "../core/runtime-config.ts";
import { renderBootstrap } from "../envoy/bootstrap.ts";
import { defaultTrustedCaFile } from "./render.ts";

/** Where things listen does not matter here: only what differs. */
const anywhere = {
  grpcAddress: "unix:/",
  listen: { address: "", port: 0 },
  adminPort: undefined,
  tombstonePort: 0,
  accessLogPath: undefined,
  trustedCaFile: defaultTrustedCaFile,
};

/** What an operator should know when resources change whose Envoy is configured by somebody else, perhaps with `tollgate render`. */
export function renderedElsewhere(before: RuntimeConfig, after: RuntimeConfig): readonly string[] {
  if (isDeepStrictEqual(renderBootstrap(before, anywhere), renderBootstrap(after, anywhere))) return [];
  return [
    "warning: Envoy's configuration is not changed by this; if it was made with tollgate render, make it anew and start Envoy with it",
  ];
}

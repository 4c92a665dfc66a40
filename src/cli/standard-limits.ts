import { load } from "../config/load.ts";
import { renderDiagnostics } from "../config/report.ts";
import { readStandardLimits } from "../config/standard/read-standard-limits.ts";
import type { StandardLimits } from "../ratelimit/standard/tree.ts";
import { InvalidConfiguration } from "./invalid-configuration.ts";

/**
 * Reads a file or directory of the standard rate-limit service's configuration.
 * @throws InvalidConfiguration
 */
export function loadStandardLimits(path: string): StandardLimits {
  const { limits, diagnostics } = readStandardLimits(load([path]));
  if (limits === undefined) throw new InvalidConfiguration(renderDiagnostics(diagnostics));
  return limits;
}

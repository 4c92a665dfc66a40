import { configure, type MockSpec } from "../config/configure.ts";
import { load } from "../config/load.ts";
import { renderDiagnostics } from "../config/report.ts";
import type { Pairs, RuntimeConfig } from "../core/runtime-config.ts";
import { compileCostRule } from "../metering/cost-rules.ts";
import { providers } from "../providers/index.ts";

/** Which client APIs each schema can serve, from the registry. */
export const pairs: Pairs = new Map(
  [...providers].map(([schema, provider]) => [
    schema,
    new Set(Object.keys(provider.translators) as (keyof typeof provider.translators)[]),
  ]),
);

export interface LoadedConfiguration {
  readonly config: RuntimeConfig;
  readonly mocks: readonly MockSpec[];
  /** Diagnostics that do not stop anything, as text; empty = none. */
  readonly remarks: string;
}

/** Configuration that cannot be used; the message lists every problem with file, line and column. */
export class InvalidConfiguration extends Error {
  constructor(report: string) {
    super(report);
    this.name = "InvalidConfiguration";
  }
}

/**
 * Reads and compiles resources. Unresolved references are accepted and told (resources.md §1).
 * @throws InvalidConfiguration
 */
export function loadConfiguration(
  paths: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  mockAddresses?: ReadonlyMap<string, { readonly host: string; readonly port: number }>,
): LoadedConfiguration {
  const { config, diagnostics, mocks } = configure({
    files: load(paths),
    env,
    strict: false,
    pairs,
    compileCost: compileCostRule,
    ...(mockAddresses === undefined ? {} : { mockAddresses }),
  });
  if (config === undefined) throw new InvalidConfiguration(renderDiagnostics(diagnostics));
  return { config, mocks, remarks: renderDiagnostics(diagnostics.filter(({ severity }) => severity !== "info")) };
}

import { type Configured, configure, type MockSpec, type WhereSet } from "../config/configure.ts";
import { load } from "../config/load.ts";
import { renderDiagnostics } from "../config/report.ts";
import type { Pairs, RuntimeConfig } from "../core/runtime-config.ts";
import { compileCostRule } from "../metering/cost-rules.ts";
import { makePriceBook } from "../metering/price-book.ts";
import { providers } from "../providers/index.ts";
import type { ObjectText } from "../resources/resource-store.ts";
import { InvalidConfiguration } from "./invalid-configuration.ts";

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
  /** Diagnostics that do not stop anything, what is unresolved first, as text; empty = none. */
  readonly remarks: string;
  readonly whereSet: WhereSet;
}

type MockAddresses = ReadonlyMap<string, { readonly host: string; readonly port: number }>;

/** Reads and compiles resources: those of files and those that came through the resource API, with all there is to tell. */
export function readConfiguration(
  paths: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  mockAddresses?: MockAddresses,
  applied: readonly ObjectText[] = [],
): Configured {
  return configure({
    files: [...load(paths), ...applied.map((object) => ({ ...object, expandEnv: false }))],
    env,
    strict: false,
    pairs,
    compileCost: compileCostRule,
    makePriceBook,
    ...(mockAddresses === undefined ? {} : { mockAddresses }),
  });
}

/**
 * As `readConfiguration`. Unresolved references are accepted and told (resources.md §1).
 * @throws InvalidConfiguration
 */
export function loadConfiguration(
  paths: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  mockAddresses?: MockAddresses,
  applied: readonly ObjectText[] = [],
): LoadedConfiguration {
  const { config, diagnostics, mocks, whereSet } = readConfiguration(paths, env, mockAddresses, applied);
  if (config === undefined) throw new InvalidConfiguration(renderDiagnostics(diagnostics));
  const remarks = (["unresolved", "warning"] as const).flatMap((wanted) =>
    diagnostics.filter(({ severity }) => severity === wanted),
  );
  return { config, mocks, remarks: renderDiagnostics(remarks), whereSet };
}

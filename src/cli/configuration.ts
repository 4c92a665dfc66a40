import { type Configured, configure, type MockSpec, type WhereSet } from "../config/configure.ts";
import { type LoadedFile, load } from "../config/load.ts";
import { renderDiagnostics } from "../config/report.ts";
import type { Pairs, RuntimeConfig } from "../core/runtime-config.ts";
import { compileCostRule } from "../metering/cost-rules.ts";
import { makePriceBook } from "../metering/price-book.ts";
import { providers } from "../providers/index.ts";
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
  /** A hash of every resource by kind and id. */
  readonly written: ReadonlyMap<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;
type MockAddresses = ReadonlyMap<string, { readonly host: string; readonly port: number }>;

/** Everything that there is to tell of resources that were read already, and the configuration if they are valid. */
export function checkFiles(
  files: readonly LoadedFile[],
  env: Environment,
  mockAddresses: MockAddresses | undefined,
): Configured {
  return configure({
    files,
    env,
    strict: false,
    pairs,
    compileCost: compileCostRule,
    makePriceBook,
    ...(mockAddresses === undefined ? {} : { mockAddresses }),
  });
}

/**
 * Reads and compiles resources. Unresolved references are accepted and told (resources.md §1).
 * @throws InvalidConfiguration
 */
export function loadConfiguration(
  paths: readonly string[],
  env: Environment,
  mockAddresses?: MockAddresses,
): LoadedConfiguration {
  return compileFiles(load(paths), env, mockAddresses);
}

/** The same for files that were read already. @throws InvalidConfiguration */
export function compileFiles(
  files: readonly LoadedFile[],
  env: Environment,
  mockAddresses?: MockAddresses,
): LoadedConfiguration {
  const { config, diagnostics, mocks, whereSet, written } = checkFiles(files, env, mockAddresses);
  if (config === undefined) throw new InvalidConfiguration(renderDiagnostics(diagnostics));
  const remarks = (["unresolved", "warning"] as const).flatMap((wanted) =>
    diagnostics.filter(({ severity }) => severity === wanted),
  );
  return { config, mocks, remarks: renderDiagnostics(remarks), whereSet, written };
}

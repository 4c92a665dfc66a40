import type { PriceBook, PriceEntry } from "../core/prices.ts";
import type { Pairs, RuntimeConfig } from "../core/runtime-config.ts";
import { checkDuplicates, tellPlainRoutes } from "./check.ts";
import { compileBackends } from "./compile/backends.ts";
import { checkBudgetCosts, checkDowngrades } from "./compile/budget-checks.ts";
import { warnAboutUnpricedBudgets } from "./compile/budget-prices.ts";
import { compileBudgets } from "./compile/budgets.ts";
import { compileCandidates, warnAboutOverlaps } from "./compile/candidates.ts";
import type { CompileContext, CompileCost } from "./compile/context.ts";
import { checkCostKeys } from "./compile/cost-keys.ts";
import { compileCosts } from "./compile/costs.ts";
import { compileMocks, type MockSpec } from "./compile/mocks.ts";
import { compileModels } from "./compile/models.ts";
import { compilePrices } from "./compile/prices.ts";
import { warnAboutUnpriced } from "./compile/prices-check.ts";
import { compileQuotas } from "./compile/quotas.ts";
import { compileRoutes } from "./compile/routes.ts";
import { compileSettings } from "./compile/settings.ts";
import { compileTraffic } from "./compile/traffic.ts";
import { compileVersion } from "./compile/version.ts";
import { contentHash } from "./content-hash.ts";
import { type Diagnostic, sortDiagnostics } from "./diagnostics.ts";
import { kinds } from "./dialects/kinds.ts";
import type { LoadedFile } from "./load.ts";
import { parse, type YamlDocument } from "./parse.ts";
import { readResources } from "./read-resources.ts";
import { Report, type Source } from "./report.ts";
import type { HostPort } from "./values/host-port.ts";
import { type WhereSet, whereSet } from "./where-set.ts";

export type { CompileCost, MockSpec, WhereSet };

/** Makes the book of configured prices and list prices; the hash is that of the configured ones. */
export type MakePriceBook = (entries: readonly PriceEntry[], hash: string) => PriceBook;

export interface ConfigureInput {
  readonly files: readonly LoadedFile[];
  /** For `${ENV}` in Secrets and the AWS default chain. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** References across namespaces and targets that do not exist are errors. */
  readonly strict: boolean;
  readonly pairs: Pairs;
  readonly compileCost: CompileCost;
  readonly makePriceBook: MakePriceBook;
  /** Where mocks that were started are, by `<namespace>/<name>`. */
  readonly mockAddresses?: ReadonlyMap<string, HostPort> | undefined;
}

export interface Configured {
  /** Undefined iff a diagnostic is an error. */
  readonly config: RuntimeConfig | undefined;
  /** In the order of files, lines and columns. */
  readonly diagnostics: readonly Diagnostic[];
  readonly mocks: readonly MockSpec[];
  /** Resources that were read and are valid. */
  readonly resourceCount: number;
  /** A hash of every resource by kind and id, `AIBackend default/openai`: to tell what differs from one load to the next. */
  readonly written: ReadonlyMap<string, string>;
  /** Where a setting comes from. */
  readonly whereSet: WhereSet;
}

/** Compiles YAML resources into a RuntimeConfig (resources.md). Pure; tells every problem at once. */
export function configure(input: ConfigureInput): Configured {
  const report = new Report(input.strict);
  const documents = input.files.flatMap((file) => readFile(file, report));
  const resources = readResources(documents, report);
  checkDuplicates(resources, report);
  tellPlainRoutes(resources, report);
  const mocks = compileMocks(resources, report, input.mockAddresses ?? new Map());
  const context: CompileContext = { ...input, ...compileSettings(resources, report, input.env), resources, report };
  const config = compile(context, mocks.addresses, input.makePriceBook);
  return {
    config: report.failed ? undefined : config,
    diagnostics: sortDiagnostics(
      report.diagnostics,
      input.files.map(({ path }) => path),
    ),
    mocks: mocks.specs,
    resourceCount: kinds.reduce((count, kind) => count + resources.all(kind).length, 0),
    written: new Map(
      kinds.flatMap((kind) =>
        resources
          .all(kind)
          .map(({ id, annotations, raw }) => [
            `${kind.kind} ${kind.namespaced ? id : id.slice(1)}`,
            contentHash([annotations, raw]),
          ]),
      ),
    ),
    whereSet: whereSet(resources),
  };
}

function readFile(file: LoadedFile, report: Report): readonly YamlDocument[] {
  const top: Source = { file: file.path, locate: () => ({ line: 1, column: 1 }) };
  if ("problem" in file) {
    report.error(top, [], file.problem);
    return [];
  }
  const before = report.diagnostics.length;
  const documents = parse(file.path, file.text, file.expandEnv, report);
  if (documents.length === 0 && report.diagnostics.length === before) report.warning(top, [], "has no resources");
  return documents;
}

function compile(
  context: CompileContext,
  mockAddresses: ReadonlyMap<string, HostPort>,
  makePriceBook: MakePriceBook,
): RuntimeConfig {
  const { resources, report, settings } = context;
  const backends = compileBackends(context, mockAddresses);
  const configuredPrices = compilePrices(context, backends);
  const prices = makePriceBook(configuredPrices, contentHash(configuredPrices));
  const costsOf = compileCosts(context);
  const traffic = compileTraffic(context, costsOf);
  const budgets = compileBudgets(context);
  const compiled = compileRoutes(context, backends, traffic, budgets, costsOf);
  const candidates = compileCandidates(compiled);
  warnAboutOverlaps(candidates, compiled, report);
  checkCostKeys(report, compiled, traffic);
  warnAboutUnpriced(report, compiled, backends, prices);
  const routes = compiled.map(({ route }) => route);
  const rules = routes.flatMap((route) => route.rules);
  checkBudgetCosts(report, budgets, rules);
  checkDowngrades(report, budgets, candidates);
  warnAboutUnpricedBudgets(report, budgets, rules, backends, prices);
  return {
    version: compileVersion(resources, backends),
    settings,
    backends,
    routes,
    candidates,
    rules: new Map(rules.map((rule) => [rule.id, rule])),
    limits: new Map([...traffic.limits.values()].map(({ limit }) => [limit.id, limit])),
    quotas: compileQuotas(context),
    budgets: new Map([...budgets.budgets].map(([id, { rule }]) => [id, rule])),
    models: compileModels(candidates, settings, resources, report),
    prices,
  };
}

import type { StandardEntry, StandardLimit, StandardLimits, StandardNode } from "../../ratelimit/standard/tree.ts";
import { checkSchema } from "../check-structure.ts";
import { type Diagnostic, type Path, sortDiagnostics } from "../diagnostics.ts";
import type { LoadedFile } from "../load.ts";
import { parse, type YamlDocument } from "../parse.ts";
import { Report } from "../report.ts";
import { readUnit, standardFile, type WrittenEntry } from "./schema.ts";

/** The domain of the gateway's own limits. */
const ownDomain = "tollgate";

export interface ReadStandardLimits {
  /** undefined iff a diagnostic is an error. */
  readonly limits: StandardLimits | undefined;
  /** In the order of files, lines and columns. */
  readonly diagnostics: readonly Diagnostic[];
}

function readLimit({ rate_limit: written, ...entry }: WrittenEntry): StandardLimit | undefined {
  if (written === undefined) return undefined;
  return {
    requestsPerUnit: written.requests_per_unit ?? 0,
    unit: readUnit(written.unit ?? "") ?? "Hour",
    unlimited: written.unlimited === true,
    name: written.name ?? "",
    replaces: (written.replaces ?? []).map(({ name }) => name),
    shadowMode: entry.shadow_mode === true || entry.quota_mode === true,
    detailedMetric: entry.detailed_metric === true,
  };
}

class TreeReader {
  readonly #document: YamlDocument;
  readonly #report: Report;

  constructor(document: YamlDocument, report: Report) {
    this.#document = document;
    this.#report = report;
  }

  node(entries: readonly WrittenEntry[], path: Path): StandardNode {
    const exact = new Map<string, Map<string, StandardEntry>>();
    const wildcards: StandardEntry[] = [];
    const anyValue = new Map<string, StandardEntry>();
    for (const [index, written] of entries.entries()) {
      const entry = this.#entry(written, [...path, index]);
      const { key, value } = entry;
      const siblings = exact.get(key) ?? new Map<string, StandardEntry>();
      const isDuplicate = value === undefined ? anyValue.has(key) : siblings.has(value);
      if (isDuplicate) {
        const what = value === undefined ? `${key} without a value` : `${key} with the value ${JSON.stringify(value)}`;
        this.#report.error(
          this.#document,
          [...path, index],
          `${what} is there already at this level; keep one of them`,
        );
      }
      if ((value ?? key).endsWith("*")) wildcards.push(entry);
      if (value === undefined) anyValue.set(key, entry);
      else exact.set(key, siblings.set(value, entry));
    }
    return { exact, wildcards, anyValue };
  }

  #entry(written: WrittenEntry, path: Path): StandardEntry {
    return {
      key: written.key,
      value: written.value === "" ? undefined : written.value,
      limit: readLimit(written),
      shareThreshold: written.share_threshold === true,
      valueToMetric: written.value_to_metric === true,
      children: this.node(written.descriptors ?? [], [...path, "descriptors"]),
    };
  }
}

function documentsOf(file: LoadedFile, report: Report): readonly YamlDocument[] {
  if (!("problem" in file)) return parse(file.path, file.text, false, report);
  report.error({ file: file.path, locate: () => ({ line: 1, column: 1 }) }, [], file.problem);
  return [];
}

/** Reads files of the standard rate-limit service: one domain each (limits.md L17). Pure; tells every problem at once. */
export function readStandardLimits(files: readonly LoadedFile[]): ReadStandardLimits {
  const report = new Report(false);
  const limits = new Map<string, StandardNode>();
  const places = new Map<string, string>();
  for (const document of files.flatMap((file) => documentsOf(file, report))) {
    const written = checkSchema(standardFile, document, report);
    if (written === undefined) continue;
    const { domain, descriptors = [] } = written;
    const place = places.get(domain);
    if (domain === ownDomain)
      report.error(document, ["domain"], `${ownDomain} is the domain of the gateway's own limits; choose another`);
    else if (place !== undefined)
      report.error(document, ["domain"], `the domain ${domain} is in ${place} already; put all of it into one file`);
    places.set(domain, document.file);
    limits.set(domain, new TreeReader(document, report).node(descriptors, ["descriptors"]));
  }
  return {
    limits: report.failed ? undefined : limits,
    diagnostics: sortDiagnostics(
      report.diagnostics,
      files.map(({ path }) => path),
    ),
  };
}

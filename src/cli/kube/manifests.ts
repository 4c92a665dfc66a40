import { type ResourceType, typeOfKind } from "../../admin/kube/resource-type.ts";
import { renderDiagnostic } from "../../config/diagnostics.ts";
import { identify } from "../../config/identify.ts";
import { itemsOf } from "../../config/items-of.ts";
import { type LoadedFile, load } from "../../config/load.ts";
import { parse, type YamlDocument } from "../../config/parse.ts";
import { Report } from "../../config/report.ts";
import { UsageError } from "../options.ts";

/** One document of a file: what it names, and what it says. */
export interface Manifest {
  readonly type: ResourceType;
  readonly version: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: Readonly<Record<string, unknown>>;
}

async function standardInput(): Promise<LoadedFile> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return { path: "STDIN", text: Buffer.concat(chunks).toString("utf8"), expandEnv: false };
}

function toManifest(document: YamlDocument, namespace: string | undefined, report: Report): Manifest | undefined {
  const definition = identify(document, report);
  if (definition === undefined) {
    // what files may hold and nobody reads (a Deployment) is nothing that could be applied
    if (!report.failed) report.error(document, ["kind"], "is not served here");
    return undefined;
  }
  const object = document.value as Readonly<Record<string, unknown>>;
  const metadata = (object["metadata"] ?? {}) as { readonly name?: unknown; readonly namespace?: unknown };
  const type = typeOfKind(definition.group, definition.kind);
  if (typeof metadata.name !== "string" || type === undefined) {
    report.error(document, ["metadata", "name"], "is required");
    return undefined;
  }
  const written = typeof metadata.namespace === "string" ? metadata.namespace : undefined;
  if (type.namespaced && written !== undefined && namespace !== undefined && written !== namespace) {
    report.error(document, ["metadata", "namespace"], `does not match the namespace that was asked for, ${namespace}`);
    return undefined;
  }
  const version = String(object["apiVersion"]).split("/").pop() ?? "";
  const where = type.namespaced ? (written ?? namespace ?? "default") : "";
  return { type, version, namespace: where, name: metadata.name, object };
}

/**
 * The objects in files, directories and (`-`) standard input, in their order.
 * @throws Error with a line for each problem
 */
export async function readManifests(
  paths: readonly string[],
  namespace: string | undefined,
): Promise<readonly Manifest[]> {
  const files: LoadedFile[] = [];
  for (const path of paths) files.push(...(path === "-" ? [await standardInput()] : load([path])));
  const problems: string[] = [];
  const manifests: Manifest[] = [];
  for (const file of files) {
    if ("problem" in file) {
      problems.push(`${file.path}: ${file.problem}`);
      continue;
    }
    const report = new Report(false);
    for (const document of parse(file.path, file.text, false, report).flatMap(itemsOf)) {
      const own = new Report(false);
      const manifest = toManifest(document, namespace, own);
      if (manifest !== undefined) manifests.push(manifest);
      else problems.push(...own.diagnostics.filter(({ severity }) => severity === "error").map(renderDiagnostic));
    }
    problems.push(...report.diagnostics.map(renderDiagnostic));
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  if (manifests.length === 0) throw new UsageError("there are no resources in what -f names");
  return manifests;
}

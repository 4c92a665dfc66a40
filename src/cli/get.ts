import { stringify } from "yaml";
import { KubeClient, type KubeObject, type KubeTable, kubeOptionSpecs, kubeUsage, type Place } from "./kube/client.ts";
import { readResourceArguments, typeText } from "./kube/resource-argument.ts";
import { type CommandIo, parseOptions, textOption, UsageError, wordOption } from "./options.ts";
import { table } from "./table.ts";

const usage = `tollgate get KIND [NAME…] [OPTIONS]
What was applied to a running gateway, as kubectl get prints it. KIND is such as aigatewayroutes, aigatewayroute or aigr.
  -o, --output table|wide|yaml|json|name    (default: table)
  -A, --all-namespaces      objects of every namespace
${kubeUsage}`;

type Output = "table" | "wide" | "yaml" | "json" | "name";

function rowsOf({ columnDefinitions, rows }: KubeTable, isWide: boolean, withNamespace: boolean): readonly string[][] {
  const isShown = (index: number): boolean => isWide || columnDefinitions[index]?.priority === 0;
  const head = columnDefinitions.map(({ name }) => name.toUpperCase()).filter((_, index) => isShown(index));
  const body = rows.map(({ cells, object }) => [
    ...(withNamespace ? [object.metadata.namespace ?? ""] : []),
    ...cells.filter((_, index) => isShown(index)).map(String),
  ]);
  return [[...(withNamespace ? ["NAMESPACE"] : []), ...head], ...body];
}

/** The tables of single objects as one. */
function joined(tables: readonly KubeTable[]): KubeTable | undefined {
  const [first] = tables;
  return first && { ...first, rows: tables.flatMap(({ rows }) => rows) };
}

function printObjects(objects: readonly KubeObject[], isList: boolean, output: Output, typeName: string): string {
  if (output === "name") return objects.map(({ metadata }) => `${typeName}/${metadata.name}\n`).join("");
  const one = isList ? { apiVersion: "v1", kind: "List", items: objects } : objects[0];
  return output === "json"
    ? `${JSON.stringify(one, undefined, 4)}\n`
    : stringify(one, { version: "1.1", lineWidth: 0 });
}

/**
 * `tollgate get`.
 * @throws UsageError, or Error that says what to do
 */
export async function get(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...kubeOptionSpecs,
    output: { type: "string", short: "o" },
    "all-namespaces": { type: "boolean", short: "A" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const { type, names } = readResourceArguments(positionals);
  const output = wordOption<Output>(values["output"], "output", ["table", "wide", "yaml", "json", "name"]);
  const everywhere = values["all-namespaces"] === true;
  if (everywhere && names.length > 0) throw new UsageError("a name is of one namespace: leave -A out");
  const namespace = everywhere ? undefined : (textOption(values["namespace"]) ?? "default");
  const places: readonly Place[] =
    names.length === 0 ? [{ type, namespace }] : names.map((name) => ({ type, namespace, name }));
  const client = new KubeClient(values, io);
  if (output === "table" || output === "wide") {
    const tables: KubeTable[] = [];
    for (const place of places) tables.push(await client.table(place));
    const all = joined(tables);
    if (all === undefined || all.rows.length === 0) {
      const where = type.namespaced && namespace !== undefined ? ` in ${namespace} namespace` : "";
      io.stderr.write(`No resources found${where}.\n`);
      return 0;
    }
    io.stdout.write(`${table(rowsOf(all, output === "wide", everywhere && type.namespaced), () => false)}\n`);
    return 0;
  }
  const objects: KubeObject[] = [];
  for (const place of places) {
    if (place.name === undefined) objects.push(...(await client.list(place)));
    else objects.push(await client.get(place));
  }
  io.stdout.write(printObjects(objects, names.length !== 1, output, typeText(type)));
  return 0;
}

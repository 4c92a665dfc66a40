import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { typeOfKind } from "../admin/kube/resource-type.ts";
import { KubeClient, kubeOptionSpecs, kubeUsage } from "./kube/client.ts";
import { dryRunOptionSpec, dryRunText, dryRunUsage, readDryRun } from "./kube/dry-run.ts";
import { type CommandIo, listOption, parseOptions, textOption, UsageError } from "./options.ts";

const usage = `tollgate create secret generic NAME [--from-literal=KEY=VALUE…] [--from-file=[KEY=]PATH…] [OPTIONS]
Gives a Secret to a running gateway, as kubectl create does. Its values are kept in the gateway's state directory, readable for its owner
alone, and shown to nobody. Other users of the machine may see literals in the list of processes; files are not seen.
      --from-literal K=V    a key and its value (repeatable)
      --from-file [K=]PATH  a key (default: the file's name) and the file whose content is the value (repeatable)
${dryRunUsage}${kubeUsage}`;

/** @throws UsageError that shows no value */
function literal(text: string): readonly [string, Buffer] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new UsageError("--from-literal must be KEY=VALUE");
  return [text.slice(0, equals), Buffer.from(text.slice(equals + 1))];
}

/** @throws Error that says which file cannot be read */
function fileContent(text: string): readonly [string, Buffer] {
  const equals = text.indexOf("=");
  const path = equals < 1 ? text : text.slice(equals + 1);
  try {
    return [equals < 1 ? basename(path) : text.slice(0, equals), readFileSync(path)];
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}

/**
 * `tollgate create secret generic`.
 * @throws UsageError, or Error that says what to do
 */
export async function create(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...kubeOptionSpecs,
    ...dryRunOptionSpec,
    "from-literal": { type: "string", multiple: true },
    "from-file": { type: "string", multiple: true },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const [what, flavour, name, more] = positionals;
  if (what !== "secret" || flavour !== "generic" || name === undefined || more !== undefined)
    throw new UsageError("what can be created is: secret generic NAME; everything else is applied from files");
  const type = typeOfKind("", "Secret");
  if (type === undefined) throw new Error("Secrets are not served");
  const entries = [
    ...listOption(values["from-literal"]).map(literal),
    ...listOption(values["from-file"]).map(fileContent),
  ];
  const keys = new Set(entries.map(([key]) => key));
  if (keys.size < entries.length) throw new UsageError("a key is given twice");
  const namespace = textOption(values["namespace"]) ?? "default";
  const data = Object.fromEntries(entries.map(([key, value]) => [key, value.toString("base64")]));
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, type: "Opaque", data };
  const dryRun = readDryRun(values);
  const client = new KubeClient(values, io);
  if (dryRun !== "client") await client.create({ type, namespace }, secret, { dryRun: dryRun === "server" });
  io.stdout.write(`secret/${name} created${dryRunText[dryRun]}\n`);
  return 0;
}

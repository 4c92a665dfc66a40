import { KubeClient, kubeOptionSpecs, kubeUsage, RefusedByServer } from "./kube/client.ts";
import { type DryRun, dryRunOptionSpec, dryRunText, dryRunUsage, readDryRun } from "./kube/dry-run.ts";
import { type Manifest, readManifests } from "./kube/manifests.ts";
import { typeText } from "./kube/resource-argument.ts";
import { annotated, threeWayPatch } from "./kube/three-way-patch.ts";
import { type CommandIo, listOption, parseOptions, textOption, UsageError } from "./options.ts";

const usage = `tollgate apply -f PATH… [OPTIONS]
Gives resources to a running gateway, as kubectl apply does. It keeps them in its state directory and serves requests with them.
  -f, --file PATH           file or directory of resources, - = standard input (repeatable)
${dryRunUsage}${kubeUsage}`;

async function applyOne(client: KubeClient, manifest: Manifest, dryRun: DryRun): Promise<string> {
  const { type, version, namespace, name, object } = manifest;
  const metadata = object["metadata"] as Readonly<Record<string, unknown>>;
  const wanted = annotated(type.namespaced ? { ...object, metadata: { ...metadata, namespace } } : object);
  const place = { type, version, namespace };
  const current = await client.find({ ...place, name });
  const options = { dryRun: dryRun === "server" };
  if (current === undefined) {
    if (dryRun !== "client") await client.create(place, wanted, options);
    return "created";
  }
  const patch = threeWayPatch(wanted, current);
  if (Object.keys(patch).length === 0) return "unchanged";
  if (dryRun !== "client") await client.merge({ ...place, name }, patch, options);
  return "configured";
}

/**
 * `tollgate apply`. What is refused is told, and the rest is applied all the same: exit status 1.
 * @throws UsageError, or Error that says what to do
 */
export async function apply(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...kubeOptionSpecs,
    ...dryRunOptionSpec,
    file: { type: "string", short: "f", multiple: true },
    filename: { type: "string", multiple: true },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const paths = [...listOption(values["file"]), ...listOption(values["filename"])];
  if (paths.length === 0 || positionals.length > 0) throw new UsageError("name resources with -f PATH");
  const dryRun = readDryRun(values);
  const client = new KubeClient(values, io);
  let failed = false;
  for (const manifest of await readManifests(paths, textOption(values["namespace"]))) {
    try {
      const verb = await applyOne(client, manifest, dryRun);
      io.stdout.write(`${typeText(manifest.type)}/${manifest.name} ${verb}${dryRunText[dryRun]}\n`);
    } catch (error) {
      if (!(error instanceof RefusedByServer)) throw error;
      io.stderr.write(`${error.message}\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

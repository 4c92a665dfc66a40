import { KubeClient, kubeOptionSpecs, kubeUsage, type Place, RefusedByServer } from "./kube/client.ts";
import { dryRunOptionSpec, dryRunText, dryRunUsage, readDryRun } from "./kube/dry-run.ts";
import { readManifests } from "./kube/manifests.ts";
import { readResourceArguments, typeText } from "./kube/resource-argument.ts";
import { type CommandIo, listOption, parseOptions, textOption, UsageError } from "./options.ts";

const usage = `tollgate delete (-f PATH… | KIND NAME…) [OPTIONS]
Takes away what was applied to a running gateway. What its files say under the same name counts again.
  -f, --file PATH           file or directory of resources, - = standard input (repeatable)
      --ignore-not-found    what is not there is no failure
${dryRunUsage}${kubeUsage}`;

/**
 * `tollgate delete`.
 * @throws UsageError, or Error that says what to do
 */
export async function deleteCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...kubeOptionSpecs,
    ...dryRunOptionSpec,
    file: { type: "string", short: "f", multiple: true },
    "ignore-not-found": { type: "boolean" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const paths = listOption(values["file"]);
  if (paths.length > 0 && positionals.length > 0) throw new UsageError("name objects, or files with -f, not both");
  const namespace = textOption(values["namespace"]);
  const places: (Place & { readonly name: string })[] = [];
  if (paths.length > 0) places.push(...(await readManifests(paths, namespace)));
  else {
    const { type, names } = readResourceArguments(positionals);
    if (names.length === 0) throw new UsageError("name what is to be deleted");
    places.push(...names.map((name) => ({ type, namespace: namespace ?? "default", name })));
  }
  const dryRun = readDryRun(values);
  const client = new KubeClient(values, io);
  let failed = false;
  for (const place of places) {
    try {
      if (dryRun === "client") await client.get(place);
      else await client.remove(place, { dryRun: dryRun === "server" });
      io.stdout.write(`${typeText(place.type)} "${place.name}" deleted${dryRunText[dryRun]}\n`);
    } catch (error) {
      if (!(error instanceof RefusedByServer)) throw error;
      if (error.reason === "NotFound" && values["ignore-not-found"] === true) continue;
      io.stderr.write(`${error.message}\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

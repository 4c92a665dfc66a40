import { KubeClient, type KubeObject, kubeOptionSpecs, kubeUsage } from "./kube/client.ts";
import { describeObject } from "./kube/describe-object.ts";
import { readResourceArguments } from "./kube/resource-argument.ts";
import { type CommandIo, parseOptions, textOption } from "./options.ts";

const usage = `tollgate describe KIND [NAME…] [OPTIONS]
Everything about what was applied to a running gateway: also whether it is accepted and served, and why not.
${kubeUsage}`;

/**
 * `tollgate describe`.
 * @throws UsageError, or Error that says what to do
 */
export async function describe(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, kubeOptionSpecs);
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const { type, names } = readResourceArguments(positionals);
  const namespace = textOption(values["namespace"]) ?? "default";
  const client = new KubeClient(values, io);
  const objects: KubeObject[] = [];
  for (const name of names) objects.push(await client.get({ type, namespace, name }));
  if (names.length === 0) objects.push(...(await client.list({ type, namespace })));
  if (objects.length === 0) io.stderr.write(`No resources found in ${namespace} namespace.\n`);
  io.stdout.write(objects.map(describeObject).join("\n\n"));
  return 0;
}

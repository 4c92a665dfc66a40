import { adminOptionSpecs, adminUsage, findGateway } from "./admin-client.ts";
import { kubeconfig as renderKubeconfig } from "./kubeconfig-file.ts";
import { type CommandIo, parseOptions, portOption, UsageError } from "./options.ts";

const usage = `tollgate kubeconfig [OPTIONS]
A kubeconfig for a running gateway, on standard output. It holds the admin token: keep it to yourself. While tollgate up runs with a
token that it made itself, the same is in the file kubeconfig of its state directory.
      --admin-port P        the gateway's admin port on this machine, instead of --url
${adminUsage}`;

/**
 * `tollgate kubeconfig`.
 * @throws UsageError, or Error that says what to do
 */
export async function kubeconfig(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...adminOptionSpecs,
    "admin-port": { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  if (positionals.length > 0) throw new UsageError(`${positionals[0]} is no option`);
  const port = portOption(values["admin-port"], "admin-port");
  const { url, token } = findGateway(
    port === undefined ? values : { ...values, url: `http://127.0.0.1:${port}` },
    io.env,
  );
  if (token === undefined)
    throw new Error(
      "no admin token was found: tollgate up writes it into admin-token of its state directory (--state-dir); else give it with TOLLGATE_ADMIN_TOKEN or --admin-token",
    );
  io.stdout.write(renderKubeconfig(url, token));
  return 0;
}

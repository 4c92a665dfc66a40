import { explain as explainReceipt } from "../budgets/explain.ts";
import { receiptSchema } from "../budgets/receipt.ts";
import { adminOptionSpecs, adminUsage, askGateway } from "./admin-client.ts";
import { type CommandIo, parseOptions, UsageError, wordOption } from "./options.ts";

const usage = `tollgate explain ID [OPTIONS]
What became of a request, by its x-request-id or its session: who asked, what each attempt used and cost, which budgets paid, and why it
was refused.
  -o, --output text|json    (default: text)
${adminUsage}`;

/**
 * `tollgate explain`.
 * @throws UsageError
 */
export async function explain(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...adminOptionSpecs,
    output: { type: "string", short: "o" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const [id, ...others] = positionals;
  if (id === undefined || id === "" || others.length > 0)
    throw new UsageError("name one request: tollgate explain ID, where ID is its x-request-id or its session");
  const output = wordOption(values["output"], "output", ["text", "json"]);
  const receipt = await askGateway(`/receipts/${encodeURIComponent(id)}`, receiptSchema, values, io.env);
  io.stdout.write(output === "json" ? `${JSON.stringify(receipt, undefined, 2)}\n` : explainReceipt(receipt));
  return 0;
}

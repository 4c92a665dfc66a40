import { configure } from "../config/configure.ts";
import type { Severity } from "../config/diagnostics.ts";
import { load } from "../config/load.ts";
import { renderDiagnostics } from "../config/report.ts";
import { compileCostRule } from "../metering/cost-rules.ts";
import { makePriceBook } from "../metering/price-book.ts";
import { pairs } from "./configuration.ts";
import { type CommandIo, listOption, parseOptions, UsageError } from "./options.ts";

const usage = `tollgate validate -f PATH… [OPTIONS]
Checks resources and tells every problem at once, as FILE:LINE:COLUMN PATH: MESSAGE.
  -f, --file PATH         file or directory of resources (repeatable)
      --strict            references across namespaces and policy targets that do not exist are errors
      --allow-unresolved  exit 0 though something is not there yet, such as a Secret
Exit status: 0 can be served, 1 errors or unresolved references, 2 called wrongly.
`;

/**
 * `tollgate validate` (resources.md §1, §6): every diagnostic and a summary on standard output.
 * @throws UsageError
 */
export async function validate(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    file: { type: "string", short: "f", multiple: true },
    strict: { type: "boolean" },
    "allow-unresolved": { type: "boolean" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  // a shell makes `-f a.yaml b.yaml` of `-f *.yaml`
  const paths = [...listOption(values["file"]), ...positionals];
  if (paths.length === 0) throw new UsageError("name the resources with -f PATH");
  const { diagnostics, resourceCount } = configure({
    files: load(paths),
    env: io.env,
    strict: values["strict"] === true,
    pairs,
    compileCost: compileCostRule,
    makePriceBook,
  });
  if (diagnostics.length > 0) io.stdout.write(`${renderDiagnostics(diagnostics)}\n`);
  const count = (severity: Severity): number => diagnostics.filter((one) => one.severity === severity).length;
  const [errors, unresolved, warnings] = [count("error"), count("unresolved"), count("warning")];
  io.stdout.write(`${resourceCount} resources, ${errors} errors, ${unresolved} unresolved, ${warnings} warnings\n`);
  return errors > 0 || (unresolved > 0 && values["allow-unresolved"] !== true) ? 1 : 0;
}

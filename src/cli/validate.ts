import { parseArgs } from "node:util";
import type { CompileCost } from "../config/compile/context.ts";
import { configure } from "../config/configure.ts";
import { renderDiagnostic, type Severity } from "../config/diagnostics.ts";
import { load } from "../config/load.ts";
import type { Pairs } from "../core/runtime-config.ts";

/** What a command may touch of its process. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

const usage = `usage: tollgate validate -f PATH [-f PATH …] [--strict] [--allow-unresolved]

  -f, --filename PATH   a YAML file, or a directory of them; may be repeated
      --strict          references across namespaces and targets that do not exist are errors
      --allow-unresolved  exit 0 though something is not there yet, such as a Secret
`;

function parse(
  args: readonly string[],
): { files: string[]; strict: boolean; allowUnresolved: boolean } | { problem: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        filename: { type: "string", short: "f", multiple: true },
        strict: { type: "boolean" },
        "allow-unresolved": { type: "boolean" },
      },
    });
    const files = [...(values.filename ?? []), ...positionals];
    if (files.length === 0) return { problem: "name at least one file or directory with -f" };
    return { files, strict: values.strict ?? false, allowUnresolved: values["allow-unresolved"] ?? false };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/**
 * `tollgate validate`: prints every diagnostic and a summary. Exit code 0 = can be served, 1 = errors, or unresolved references
 * without `--allow-unresolved`, 2 = usage (resources.md §1, §6).
 */
export async function validate(
  args: readonly string[],
  io: CommandIo,
  composition: { readonly pairs: Pairs; readonly compileCost: CompileCost },
): Promise<number> {
  const options = parse(args);
  if ("problem" in options) {
    io.stderr.write(`tollgate validate: ${options.problem}\n${usage}`);
    return 2;
  }
  const { strict, allowUnresolved } = options;
  const { diagnostics, resourceCount } = configure({ files: load(options.files), env: io.env, strict, ...composition });
  for (const diagnostic of diagnostics) io.stdout.write(`${renderDiagnostic(diagnostic)}\n`);
  const count = (severity: Severity): number =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  const [errors, unresolved, warnings] = [count("error"), count("unresolved"), count("warning")];
  io.stdout.write(`${resourceCount} resources, ${errors} errors, ${unresolved} unresolved, ${warnings} warnings\n`);
  return errors > 0 || (unresolved > 0 && !allowUnresolved) ? 1 : 0;
}

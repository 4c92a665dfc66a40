import { type OptionSpec, type OptionValues, wordOption } from "../options.ts";

export const dryRunOptionSpec = { "dry-run": { type: "string" } } as const satisfies Readonly<
  Record<string, OptionSpec>
>;

export const dryRunUsage = `      --dry-run=client|server   print only; server = let the gateway check it (default: none)
`;

export type DryRun = "none" | "client" | "server";

/** @throws UsageError */
export function readDryRun(values: OptionValues): DryRun {
  return wordOption<DryRun>(values["dry-run"], "dry-run", ["none", "client", "server"]);
}

/** After the verb, in kubectl's words. */
export const dryRunText: Readonly<Record<DryRun, string>> = {
  none: "",
  client: " (dry run)",
  server: " (server dry run)",
};

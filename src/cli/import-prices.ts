import { readFileSync, statSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { Price, PriceRates, TokenRates } from "../core/prices.ts";
import { formatUsd } from "../lib/money.ts";
import { type ImportedPrice, readLiteLlmPrices } from "../metering/litellm-prices.ts";
import { type CommandIo, parseOptions, textOption, UsageError } from "./options.ts";

const usage = `tollgate import-prices FILE [OPTIONS]
Makes a PriceBook of LiteLLM's price table (model_prices_and_context_window.json).
      --output FILE      where to write it (default: standard output)
      --name NAME        of the PriceBook (default: litellm)
      --namespace NAME   that of the backends that it prices (default: default)
`;

const maxFileBytes = 64 * 1024 * 1024;

/** @throws Error that says what is wrong with the file */
function readTable(path: string): unknown {
  if (statSync(path).size > maxFileBytes) throw new Error(`${path} is larger than a price table can be`);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path} is not JSON: ${error instanceof Error ? error.message : ""}`);
  }
}

function writtenRates(rates: TokenRates): Readonly<Record<string, string>> {
  const told = Object.entries(rates).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(told.map(([name, rate]) => [name, formatUsd(rate)]));
}

function writtenPriceRates({ rates, longContext }: PriceRates): object {
  const steps = longContext.map((step) => ({
    inputTokensAbove: step.inputTokensAbove,
    perMillionTokens: writtenRates(step.rates),
  }));
  return { perMillionTokens: writtenRates(rates), ...(steps.length === 0 ? {} : { longContext: steps }) };
}

function writtenTiers({ tiers = {} }: Price): object {
  const written = Object.entries(tiers).flatMap(([name, listed]) =>
    listed === undefined ? [] : [[name, writtenPriceRates(listed)]],
  );
  return written.length === 0 ? {} : { tiers: Object.fromEntries(written) };
}

/** Models of one provider with one price are one entry. */
function writtenPrices(imported: readonly ImportedPrice[]): readonly unknown[] {
  const groups = new Map<string, { readonly models: string[]; readonly rest: object }>();
  for (const { provider, model, price } of imported) {
    const rest = { provider, ...writtenPriceRates(price), ...writtenTiers(price) };
    const key = JSON.stringify(rest);
    const group = groups.get(key) ?? { models: [], rest };
    groups.set(key, group);
    group.models.push(model);
  }
  return [...groups.values()].map(({ models, rest }) => ({ models, ...rest }));
}

/**
 * `tollgate import-prices`.
 * @throws UsageError
 */
export async function importPrices(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    output: { type: "string" },
    name: { type: "string" },
    namespace: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw new UsageError("name one file with LiteLLM's price table");
  const imported = readLiteLlmPrices(readTable(path));
  if (imported === undefined || imported.prices.length === 0)
    throw new Error(`${path} has no price of a provider that is served; is it LiteLLM's price table?`);
  const text = stringify(
    {
      apiVersion: "tollgate.dev/v1alpha1",
      kind: "PriceBook",
      metadata: {
        name: textOption(values["name"]) ?? "litellm",
        namespace: textOption(values["namespace"]) ?? "default",
      },
      spec: { prices: writtenPrices(imported.prices) },
    },
    { lineWidth: 0 },
  );
  const output = textOption(values["output"]);
  if (output === undefined) io.stdout.write(text);
  else writeFileSync(output, text);
  const skipped = [...imported.skipped].map(([reason, count]) => `${count} ${reason}`);
  io.stderr.write(
    `${imported.prices.length} models imported${skipped.length === 0 ? "" : `; left out: ${skipped.join(", ")}`}\n`,
  );
  return 0;
}

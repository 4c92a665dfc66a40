import { findProvider, providerNames } from "../config/data/providers.ts";
import type { Price, PriceBook } from "../core/prices.ts";
import type { Backend, RuntimeConfig } from "../core/runtime-config.ts";
import { makePriceBook } from "../metering/price-book.ts";
import { loadConfiguration } from "./configuration.ts";
import {
  type CommandIo,
  listOption,
  type OptionValues,
  parseOptions,
  textOption,
  UsageError,
  wordOption,
} from "./options.ts";
import { readPlanRequest } from "./plan-request.ts";
import { planResources } from "./plan-resources.ts";
import { planTable } from "./plan-table.ts";

const usage = `tollgate plan --budget 100/day --users 10 --model gpt-4o [OPTIONS]
What a budget buys: dollars as tokens per user, from the price book.
      --budget AMOUNT/UNIT   dollars per minute, hour, day, week, month or year
      --users N              people who share it equally (default: 1)
      --model NAME           as it is named upstream (repeatable)
      --mix INPUT/OUTPUT     parts of the tokens that are input and output (default: 50/50)
      --provider NAME        whose price (default: the first that has one of this model)
  -f, --file PATH            resources whose PriceBooks count too (repeatable)
      --backend NAME         a backend of these resources, in --namespace: what counts are its prices
      --output table|yaml    yaml: resources that limit to it (default: table)
      --limit-by UNIT        what the resources count: dollars (default) or tokens
      --route NAME           what they are attached to (default: llm-route)
      --namespace NAME       where they belong (default: default)
      --user-header NAME     what tells users apart (default: x-user-id)
`;

/** @throws UsageError when there is none of this name */
function readProvider(value: unknown): string | undefined {
  const name = textOption(value);
  if (name === undefined) return undefined;
  const known = findProvider(name);
  if (known !== undefined) return known.name;
  throw new UsageError(`--provider must be one of ${providerNames.join(", ")}, not ${JSON.stringify(name)}`);
}

/** The backend whose prices are asked for; undefined when none was named. @throws UsageError */
function readBackend(values: OptionValues, config: RuntimeConfig | undefined): Backend | undefined {
  const name = textOption(values["backend"]);
  if (name === undefined) return undefined;
  const id = `${textOption(values["namespace"]) ?? "default"}/${name}`;
  const backend = config?.backends.get(id);
  if (backend !== undefined) return backend;
  const known = [...(config?.backends.keys() ?? [])].join(", ");
  throw new UsageError(
    known === ""
      ? "--backend needs resources that have backends; name them with -f"
      : `there is no backend ${id}; there are ${known}`,
  );
}

/** The price at the backend that was named, or at the provider, or at the first provider that has one of this model. */
function findPrice(book: PriceBook, model: string, backend: Backend | undefined, provider: string | undefined): Price {
  const named = backend?.providerName ?? provider;
  for (const name of named === undefined ? providerNames : [named]) {
    const query = { provider: name.toLowerCase(), backendId: backend?.id, model, atMs: Date.now() };
    const price = book.find(query);
    if (price !== undefined) return price;
  }
  throw new Error(
    `no price of ${model}${named === undefined ? "" : ` at ${named}`} is known; write it into a PriceBook and name that with -f`,
  );
}

/**
 * `tollgate plan`.
 * @throws UsageError
 */
export async function plan(args: readonly string[], io: CommandIo): Promise<number> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseOptions(args, {
    budget: text,
    users: text,
    model: { type: "string", multiple: true },
    mix: text,
    provider: text,
    backend: text,
    file: { type: "string", short: "f", multiple: true },
    output: text,
    "limit-by": text,
    route: text,
    namespace: text,
    "user-header": text,
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  if (positionals.length > 0) throw new UsageError(`${positionals.join(" ")} is no option`);
  const request = readPlanRequest(values);
  const output = wordOption(values["output"], "output", ["table", "yaml"]);
  const limitBy = wordOption(values["limit-by"], "limit-by", ["dollars", "tokens"]);
  const paths = listOption(values["file"]);
  const config = paths.length === 0 ? undefined : loadConfiguration(paths, io.env).config;
  const book = config?.prices ?? makePriceBook([], "");
  const provider = readProvider(values["provider"]);
  const backend = readBackend(values, config);
  if (provider !== undefined && backend !== undefined)
    throw new UsageError("--provider and --backend say the same; name one of them");
  const prices = new Map(request.models.map((model) => [model, findPrice(book, model, backend, provider)]));
  io.stdout.write(
    output === "table"
      ? planTable(request, prices)
      : planResources(request, prices, {
          namespace: textOption(values["namespace"]) ?? "default",
          route: textOption(values["route"]) ?? "llm-route",
          userHeader: textOption(values["user-header"]) ?? "x-user-id",
          limitBy,
        }),
  );
  return 0;
}

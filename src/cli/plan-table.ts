import type { Price } from "../core/prices.ts";
import { formatUsd } from "../lib/money.ts";
import { type AffordedTokens, affordedTokens } from "../metering/spending-plan.ts";
import type { PlanRequest } from "./plan-request.ts";
import { table } from "./table.ts";

const thousands = new Intl.NumberFormat("en-US");
const tokens = (count: number | undefined): string => (count === undefined ? "any" : thousands.format(count));

/** What a budget buys of each model if all of it is spent there, for people. */
export function planTable(request: PlanRequest, prices: ReadonlyMap<string, Price>): string {
  const { budgetNanoUsd, users, unit, mix } = request;
  const shareNanoUsd = Math.floor(budgetNanoUsd / users);
  const rows = [...prices].map(([model, { rates }]) => {
    const all: AffordedTokens = affordedTokens(budgetNanoUsd, rates, mix);
    const each: AffordedTokens = affordedTokens(shareNanoUsd, rates, mix);
    return [
      model,
      formatUsd(rates.input),
      formatUsd(rates.output),
      tokens(all.total),
      tokens(each.total),
      tokens(each.input),
      tokens(each.output),
      tokens(each.whateverTheMix),
    ];
  });
  const head = ["MODEL", "$/M IN", "$/M OUT", "TOKENS OF ALL", "PER USER", "OF THEM IN", "OUT", "WHATEVER THE MIX"];
  const sources = new Set([...prices.values()].map(({ source }) => source));
  return [
    `$${formatUsd(budgetNanoUsd)} per ${unit.toLowerCase()} for ${users} user${users === 1 ? "" : "s"}: $${formatUsd(shareNanoUsd)} each. Input/output ${mix.input}/${mix.output}, nothing cached. Prices: ${[...sources].join(", ")}`,
    "",
    table([head, ...rows], (column) => column > 0),
    "",
    "Each line is for all of the money spent on that model. A limit on total tokens keeps to the budget for every request only up to",
    "WHATEVER THE MIX; a limit in dollars (--output yaml) does for every mix and all models together.",
    "",
  ].join("\n");
}

import { wireAmountText } from "../budgets/amounts.ts";
import { type AccountReport, type BudgetReport, budgetReportsSchema } from "../budgets/standing-report.ts";
import { printable } from "../lib/printable.ts";
import { adminOptionSpecs, adminUsage, askGateway } from "./admin-client.ts";
import { type CommandIo, parseOptions, UsageError, wordOption } from "./options.ts";
import { table } from "./table.ts";

const usage = `tollgate budgets [NAME] [OPTIONS]
How the budgets of a running gateway stand: every account that was served lately. NAME is a budget's, with or without its namespace.
  -o, --output table|json   (default: table)
${adminUsage}`;

const head = ["BUDGET", "ACCOUNT", "WINDOW", "LIMIT", "SPENT", "HELD", "REMAINING", "TIER", "RESETS"];
const amountColumns: ReadonlySet<number> = new Set([3, 4, 5, 6]);

function windowText(window: BudgetReport["window"]): string {
  if ("every" in window) return `${window.every} ${window.time_zone}`;
  const { rolling_seconds: seconds } = window;
  return seconds % 3_600 === 0 ? `rolling ${seconds / 3_600}h` : `rolling ${seconds}s`;
}

function tierText(tier: AccountReport["tier"]): string {
  if (tier === null) return "-";
  const action = tier.action === "Downgrade" ? `Downgrade to ${tier.model}` : tier.action;
  return `${action} (below ${tier.remaining_below_percent} %)`;
}

function rowsOf(budget: BudgetReport): readonly (readonly string[])[] {
  const name = budget.enforcement === "Hard" ? budget.name : `${budget.name} (${budget.enforcement})`;
  const window = windowText(budget.window);
  const amount = (value: BudgetReport["limit"]): string => wireAmountText(budget.unit, value);
  if (budget.accounts.length === 0)
    return [[name, "(none lately)", window, amount(budget.limit), "-", "-", "-", "-", "-"]];
  return budget.accounts.map((account) => [
    name,
    printable(account.account),
    window,
    amount(account.limit),
    Number(account.overrun) === 0 ? amount(account.spent) : `${amount(account.spent)} + ${amount(account.overrun)}`,
    amount(account.held),
    `${amount(account.remaining)} (${account.remaining_percent} %)`,
    tierText(account.tier),
    account.resets_at,
  ]);
}

/** @throws Error that names the budgets there are */
function named(budgets: readonly BudgetReport[], name: string | undefined): readonly BudgetReport[] {
  if (name === undefined) return budgets;
  const found = budgets.filter((budget) => budget.name === name || budget.name.endsWith(`/${name}`));
  if (found.length > 0) return found;
  const known = budgets.length === 0 ? "there are none" : `there are ${budgets.map((one) => one.name).join(", ")}`;
  throw new Error(`there is no budget ${JSON.stringify(name)}; ${known}`);
}

/**
 * `tollgate budgets`.
 * @throws UsageError
 */
export async function budgets(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...adminOptionSpecs,
    output: { type: "string", short: "o" },
    help: { type: "boolean", short: "h" },
  });
  if (values["help"] === true) {
    io.stdout.write(usage);
    return 0;
  }
  const [name, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`name one budget, not ${positionals.join(" ")}`);
  const output = wordOption(values["output"], "output", ["table", "json"]);
  const report = await askGateway("/budgets", budgetReportsSchema, values, io.env);
  const shown = named(report.budgets, name);
  if (output === "json") io.stdout.write(`${JSON.stringify({ budgets: shown }, undefined, 2)}\n`);
  else if (shown.length === 0) io.stdout.write("the gateway has no budgets\n");
  else io.stdout.write(`${table([head, ...shown.flatMap(rowsOf)], (column) => amountColumns.has(column))}\n`);
  return 0;
}

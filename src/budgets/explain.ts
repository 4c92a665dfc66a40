import { printable } from "../lib/printable.ts";
import { wireAmountText } from "./amounts.ts";
import type { Receipt } from "./receipt.ts";

type Attempt = Receipt["attempts"][number];
type Budget = Receipt["budgets"][number];

const thousands = new Intl.NumberFormat("en-US");

const outcomes: Readonly<Record<string, string>> = {
  completed: "It was answered",
  rejected: "It was refused before anything was sent",
  limited: "A rate limit refused it",
  failed: "The provider answered with an error, or its answer broke",
  unanswered: "No provider answered",
  aborted: "The client or the provider went away in the middle",
};

function who({ identity }: Receipt): string {
  const named = Object.entries(identity).map(([name, value]) => `${name} ${printable(value)}`);
  return named.length === 0 ? "A client without identity" : named.join(", ");
}

function asked(receipt: Receipt): readonly string[] {
  const { model_requested: requested, model_used: used, upper_bound: bound, route } = receipt;
  const model = requested === null ? "no model" : `the model ${printable(requested)}`;
  const kind = `${printable(receipt.api)}${receipt.stream ? ", as a stream" : ""}`;
  const where = route === null ? "no route" : `route ${printable(route)}`;
  const changed = used !== null && used !== requested ? [`It was served with ${printable(used)} instead.`] : [];
  const most =
    bound === null
      ? []
      : [
          `Before it was sent it could need up to ${thousands.format(bound.input_tokens)} input and ${thousands.format(bound.output_tokens)} output tokens.`,
        ];
  return [`${who(receipt)} asked for ${model} (${kind}; ${where}).`, ...changed, ...most];
}

/** What a counter tells, if it tells anything worth a word. */
function counted(count: number | undefined, what: string): readonly string[] {
  return count === undefined || count === 0 ? [] : [`${thousands.format(count)} ${what}`];
}

function tokensText(usage: NonNullable<Attempt["usage"]>): string {
  const { input_tokens: input, output_tokens: output, total_tokens: total } = usage;
  if (input === undefined && output === undefined) return `${thousands.format(total ?? 0)} tokens`;
  const inside = [
    ...counted(usage.cached_input_tokens, "of them cached"),
    ...counted(usage.cache_write_tokens, "written to a cache"),
  ];
  const reasoning = counted(usage.reasoning_tokens, "of them reasoning");
  const part = (count: number, what: string, details: readonly string[]): string =>
    `${thousands.format(count)} ${what}${details.length === 0 ? "" : ` (${details.join(", ")})`}`;
  return `${part(input ?? 0, "tokens in", inside)}, ${part(output ?? 0, "out", reasoning)}`;
}

function priceText({ price, unpriced, usage }: Attempt): string {
  if (price === null) return "";
  const rates = [
    `$${price.input} in`,
    ...((usage?.cached_input_tokens ?? 0) === 0 ? [] : [`$${price.cache_read ?? price.input} cached`]),
    ...((usage?.cache_write_tokens ?? 0) === 0 ? [] : [`$${price.cache_write ?? price.input} written to a cache`]),
    `$${price.output} out`,
  ].join(", ");
  const unknown = unpriced ? "; the model has no price, so the dearest known rates stand for it" : "";
  return ` at ${rates} per million tokens (${price.source}${unknown})`;
}

function attemptText(attempt: Attempt, number: number): string {
  const { backend, provider, model, usage, verdict, cost_usd: cost } = attempt;
  const place = `Attempt ${number}: ${printable(backend)} (${printable(provider)}) with ${printable(model)}`;
  if (usage === null) return `${place} used nothing and cost nothing.`;
  const used = attempt.usage_estimated ? `${tokensText(usage)}, estimated` : tokensText(usage);
  const how = verdict === "unknown" ? "was not told to the end, so this counts" : "used";
  return `${place} ${how}: ${used}; $${cost}${priceText(attempt)}.`;
}

function passesText({ passes_at: passesAt }: Budget): string {
  return passesAt === null
    ? "It can never pass: it may need more than the whole budget."
    : `It can pass from ${passesAt} on, if nothing else is spent.`;
}

function budgetText(budget: Budget): string {
  const amount = (value: Budget["limit"]): string => wireAmountText(budget.unit, value);
  const { window, limit, held, spent, overrun, remaining } = budget;
  const name = `Budget ${budget.name}`;
  const account = `account ${printable(budget.account)}`;
  const span = `from ${window.start} to ${window.end}`;
  if (budget.refused) {
    const left = `${account} had ${amount(remaining)} of ${amount(limit)} left in the window ${span}`;
    // a tier that takes no requests does not ask how large they are
    const why = Number(held) === 0 ? "a tier takes no requests then" : `the request could need up to ${amount(held)}`;
    return `${name} refused it: ${left}, and ${why}. ${passesText(budget)}`;
  }
  const over = Number(overrun) === 0 ? "" : ` (${amount(overrun)} more than was held)`;
  return `${name}, ${account}, ${span}: ${amount(held)} held, ${amount(spent)} paid${over}; ${amount(remaining)} of ${amount(limit)} was left then.`;
}

function outcomeText({ outcome, status, code, message }: Receipt): string {
  const detail = [status === null ? "" : `status ${status}`, code === null ? "" : printable(code)];
  const details = detail.filter((one) => one !== "").join(", ");
  const told = message === null ? "." : `: ${printable(message)}`;
  const known = Object.hasOwn(outcomes, outcome) ? outcomes[outcome] : `It ended as ${printable(outcome)}`;
  const what = outcome === "failed" && code === "budget_exceeded" ? "A budget ended it" : known;
  return `${what}${details === "" ? "" : ` (${details})`}${told}`;
}

function costText({ attempts, cost_usd: cost, price_version: version }: Receipt): string {
  if (attempts.length === 0) return "Nothing was sent to a provider, and it cost nothing.";
  return `In all it cost $${cost} by the price table ${version}.`;
}

/** What became of a request, in plain sentences, each a line (limits.md L36, L37). */
export function explain(receipt: Receipt): string {
  const { request_id: id, session, started_at: started, duration_ms: duration, attempts, budgets } = receipt;
  const name = id === null ? `Request of session ${session}` : `Request ${printable(id)}, session ${session}`;
  const lines = [
    `${name}: ${started}, ${thousands.format(duration)} ms.`,
    ...asked(receipt),
    ...attempts.map((attempt, index) => attemptText(attempt, index + 1)),
    costText(receipt),
    ...(budgets.length === 0 ? ["No budget paid for it."] : budgets.map(budgetText)),
    outcomeText(receipt),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

import { toWireAmount, unitName } from "../budgets/amounts.ts";
import { formatUsd } from "../lib/money.ts";
import { costNanoUsd } from "../metering/price.ts";
import { quoteOf } from "./quote.ts";
import type { Session, Spending } from "./session.ts";
import { remainingAfter, spentAmounts } from "./spending.ts";
import { judgeAttempt } from "./verdict.ts";

/** What a client is told of money; each undefined = it cannot be told. */
export interface PriceTags {
  /** Decimal dollars; what it cost by what is known now. */
  readonly costUsd: string | undefined;
  /** Of the tightest budget, by share of its limit: the amount (decimal dollars or an integer), its unit, its name. */
  readonly remaining: string | undefined;
}

/**
 * All attempts that were answered; undefined when one of them has no price. What the others cost nobody knows yet, and a provider's
 * error is not known from an answer that never comes until Envoy reports it.
 */
function costOf(session: Session): string | undefined {
  let cost = 0;
  for (const attempt of session.attempts) {
    const { usage } = judgeAttempt(session, attempt);
    if (usage === undefined || attempt.ended === undefined) continue;
    const { price, known } = quoteOf(session, attempt.planned);
    if (!known) return undefined;
    cost += costNanoUsd(price, usage);
  }
  return formatUsd(cost);
}

/** `amounts`: what the request takes of each budget. */
function tightest(spending: Spending, amounts: readonly bigint[]): string | undefined {
  const remaining = remainingAfter(spending, amounts);
  // shadow budgets stop nobody
  const shares = spending.standings.map(({ limit }, index) => {
    if (spending.budgets[index]?.rule.enforcement === "Shadow") return Number.POSITIVE_INFINITY;
    return limit === 0n ? 0 : Number((remaining[index] ?? 0n) * 1_000_000n) / Number(limit);
  });
  const index = shares.indexOf(Math.min(...shares));
  const budget = spending.budgets[index]?.rule;
  if (budget === undefined || budget.enforcement === "Shadow") return undefined;
  return `${toWireAmount(budget.unit, remaining[index] ?? 0n)};unit=${unitName(budget.unit)};budget=${budget.id}`;
}

/** What a request has cost and left over, by what is known now. */
export function priceTags(session: Session): PriceTags {
  const { spending } = session;
  return {
    costUsd: costOf(session),
    remaining: spending && tightest(spending, spentAmounts(session, spending)),
  };
}

/** What is left over at least, when a stream begins: all that is held for it may be gone. */
export function remainingAtStart({ spending }: Session): string | undefined {
  return spending && tightest(spending, spending.hold.amounts);
}

import type { AppliedBudget, PlannedAttempt, RequestPlan } from "../core/request-plan.ts";
import type { CostContext } from "../core/runtime-config.ts";
import { amountOf, mostOf } from "../metering/amounts.ts";
import type { TokenBound } from "../metering/usage-meter.ts";
import { quoteOf } from "./quote.ts";
import type { Session, SessionAttempt, Spending } from "./session.ts";
import { judgeAttempt } from "./verdict.ts";

/** What amounts are computed by, beside the attempt. */
type Priced = Pick<RequestPlan, "model" | "rule" | "costs">;

function contextOf(session: Session, plan: Priced, planned: PlannedAttempt): Omit<CostContext, "usage"> {
  return {
    model: plan.model,
    backend: planned.backend.id,
    routeName: plan.rule.routeId,
    quote: () => quoteOf(session, planned),
  };
}

/** A model without a price costs nothing where the budget says so (limits.md L30). */
function isUncounted(session: Session, planned: PlannedAttempt, { rule }: AppliedBudget): boolean {
  return rule.unit.kind === "USD" && rule.unknownPrice === "Allow" && !quoteOf(session, planned).known;
}

/** What an attempt can cost at most, on every budget. */
export function mostAmounts(
  session: Session,
  plan: Priced,
  budgets: readonly AppliedBudget[],
  planned: PlannedAttempt,
  bound: TokenBound,
): readonly bigint[] {
  const context = contextOf(session, plan, planned);
  return budgets.map((budget) =>
    isUncounted(session, planned, budget) ? 0n : mostOf(budget.rule.unit, plan.costs, context, bound),
  );
}

/**
 * What an attempt has cost by what is known now: what was billed, or, where nobody tells, the most that it can have been for Hard
 * budgets and the estimate for the others.
 */
export function attemptAmounts(
  session: Session,
  plan: Priced,
  budgets: readonly AppliedBudget[],
  attempt: SessionAttempt,
): readonly bigint[] {
  const { verdict, usage, most } = judgeAttempt(session, attempt);
  if (usage === undefined) return budgets.map(() => 0n);
  const { planned } = attempt;
  const context = contextOf(session, plan, planned);
  return budgets.map((budget) => {
    const { enforcement, unit } = budget.rule;
    if (isUncounted(session, planned, budget)) return 0n;
    if (verdict === "unknown" && enforcement === "Hard" && most !== undefined)
      return mostOf(unit, plan.costs, context, {
        ...attempt.bound,
        inputTokens: most.input,
        outputTokens: most.output,
      });
    return amountOf(unit, plan.costs, { ...context, usage });
  });
}

export function add(one: readonly bigint[], other: readonly bigint[]): readonly bigint[] {
  return one.map((amount, index) => amount + (other[index] ?? 0n));
}

/** What the request has cost by what is known now, all its attempts together. */
export function spentAmounts(session: Session, { budgets }: Pick<Spending, "budgets">): readonly bigint[] {
  const { plan } = session;
  const nothing = budgets.map(() => 0n);
  if (plan === undefined) return nothing;
  return session.attempts.reduce<readonly bigint[]>(
    (sum, attempt) => add(sum, attemptAmounts(session, plan, budgets, attempt)),
    nothing,
  );
}

/** What remains of each budget once this request has cost `amounts`. */
export function remainingAfter({ standings, hold }: Spending, amounts: readonly bigint[]): readonly bigint[] {
  return standings.map(({ limit, spent, held, overrun }, index) => {
    const others = held - (hold.amounts[index] ?? 0n);
    const remaining = limit - spent - overrun - others - (amounts[index] ?? 0n);
    return remaining < 0n ? 0n : remaining;
  });
}

/**
 * What is owed if this process ends now (limits.md L32). Undefined = all that is held: of a request that was sent and of which
 * nothing came yet nobody can say less.
 */
export function owedAmounts(session: Session): readonly bigint[] | undefined {
  const { spending, current } = session;
  return spending === undefined || current?.ended !== "streaming" ? undefined : spentAmounts(session, spending);
}

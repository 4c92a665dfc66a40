import type { Shortage } from "../budgets/budget-store.ts";
import { BudgetDataLost, BudgetStoreUnavailable } from "../budgets/budget-store.ts";
import type { AppliedBudget, PlannedAttempt } from "../core/request-plan.ts";
import { GatewayError } from "../lib/errors.ts";
import type { TokenBound } from "../metering/usage-meter.ts";
import { budgetRefusal, budgetStoreAway } from "./budget-refusal.ts";
import { leastOutputTokens } from "./offers.ts";
import type { Session, SessionAttempt, Spending } from "./session.ts";
import { add, mostAmounts, spentAmounts } from "./spending.ts";
import type { ExchangeTools } from "./tools.ts";

/** What Envoy tells of an attempt arrives a tenth of a second after its end. */
const reportWaitMs = 400;
/** By how many output tokens the hold of a stream grows at least. */
const sliceTokens = 256;

type CoverTools = Pick<ExchangeTools, "nowMs">;

function missing(needed: readonly bigint[], held: readonly bigint[]): readonly bigint[] | undefined {
  const more = needed.map((amount, index) => {
    const have = held[index] ?? 0n;
    return amount > have ? amount - have : 0n;
  });
  return more.some((amount) => amount > 0n) ? more : undefined;
}

/** Undefined = it is held. @throws GatewayError `budget_store_unavailable`, `gateway_unavailable` */
async function hold(spending: Spending, more: readonly bigint[]): Promise<readonly Shortage[] | undefined> {
  try {
    const answer = await spending.hold.extend(more);
    if (answer.kind === "refused") return answer.shortages;
    if (answer.kind === "closed")
      throw new GatewayError("gateway_unavailable", "the gateway was away for too long to go on with this request");
    spending.standings = answer.standings;
    return undefined;
  } catch (thrown) {
    if (thrown instanceof BudgetStoreUnavailable || thrown instanceof BudgetDataLost) throw budgetStoreAway(thrown);
    throw thrown;
  }
}

function refusal(
  spending: Spending,
  shortages: readonly Shortage[],
  begun: "answer" | "attempt",
  nowMs: number,
): GatewayError {
  const [shortage] = shortages;
  const budget = spending.budgets.find(({ rule }: AppliedBudget) => rule.id === shortage?.budgetId);
  if (shortage === undefined || budget === undefined) throw new Error("a refusal by no budget of the request");
  const { asked, passesAtMs } = shortage;
  return budgetRefusal({ budget, standing: shortage, asked, passesAtMs, tier: undefined, begun }, undefined, nowMs);
}

/**
 * Makes sure before a further attempt that it is paid for together with every earlier one that is not known to be free
 * (limits.md L33). Where that does not fit, what Envoy tells of those attempts is waited for.
 * @throws GatewayError `budget_exceeded`
 */
export async function coverAttempt(
  session: Session,
  planned: PlannedAttempt,
  bound: TokenBound,
  tools: CoverTools,
): Promise<void> {
  const { spending, plan } = session;
  if (spending === undefined || plan === undefined) return;
  const begun =
    spending.sliced && !bound.hidesOutput ? Math.min(bound.outputTokens, leastOutputTokens) : bound.outputTokens;
  const next = mostAmounts(session, plan, spending.budgets, planned, { ...bound, outputTokens: begun });
  const untilMs = tools.nowMs() + reportWaitMs;
  for (;;) {
    const told = session.reports.length;
    const more = missing(add(spentAmounts(session, spending), next), spending.hold.amounts);
    const shortages = more && (await hold(spending, more));
    if (shortages === undefined) return;
    const leftMs = untilMs - tools.nowMs();
    if (leftMs <= 0 || told >= session.attempts.length) throw refusal(spending, shortages, "attempt", tools.nowMs());
    // one may have come while the store was asked
    if (session.reports.length === told) await session.nextReport(leftMs);
  }
}

/**
 * Makes sure that what a stream has cost so far is held, if less than all that it may cost is (limits.md L34). Undefined = it may
 * go on; else why it cannot.
 */
export async function coverStream(
  session: Session,
  attempt: SessionAttempt,
  tools: CoverTools,
): Promise<GatewayError | undefined> {
  const { spending, plan } = session;
  if (spending === undefined || plan === undefined || !spending.sliced) return undefined;
  const { bound, planned, meter } = attempt;
  if (bound === undefined) return undefined;
  const most = (tokens: TokenBound): readonly bigint[] => mostAmounts(session, plan, spending.budgets, planned, tokens);
  // the next piece has come when it is known how large it is
  const next = most({ ...bound, inputTokens: 0, outputTokens: meter.largestPiece });
  const spent = add(spentAmounts(session, spending), next);
  if (missing(spent, spending.hold.amounts) === undefined) return undefined;
  const whole = most(bound);
  const slice = most({ ...bound, inputTokens: 0, outputTokens: sliceTokens });
  try {
    let shortages: readonly Shortage[] = [];
    for (const wanted of [whole, add(spent, slice)]) {
      const more = missing(wanted, spending.hold.amounts);
      const refused = more && (await hold(spending, more));
      if (refused === undefined) return undefined;
      shortages = refused;
    }
    return refusal(spending, shortages, "answer", tools.nowMs());
  } catch (thrown) {
    return GatewayError.from(thrown);
  }
}

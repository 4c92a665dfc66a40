import type { Session, Settlement, Spending } from "./session.ts";
import { spentAmounts } from "./spending.ts";
import type { ExchangeTools } from "./tools.ts";
import { judgeAttempt } from "./verdict.ts";

type SettleTools = Pick<ExchangeTools, "budgets" | "inputTokens" | "logger" | "metrics">;

/**
 * Settles what a request holds at what it cost, whatever its ending was: once, later calls get the first's answer (limits.md L32).
 * Never rejects.
 */
export function settleSession(session: Session, tools: SettleTools): Promise<Settlement> {
  session.settlement ??= settle(session, tools);
  return session.settlement;
}

async function settle(session: Session, tools: SettleTools): Promise<Settlement> {
  const { spending } = session;
  try {
    teach(session, tools);
    if (spending === undefined) return undefined;
    const amounts = spentAmounts(session, spending);
    learn(session, spending, amounts, tools);
    const answer = await spending.hold.settle(amounts);
    if (answer.kind === "unknown") {
      tools.logger.error({ session: session.id }, "the budget store does not know this session; nothing was booked");
      return undefined;
    }
    for (const { budgetId, overrun } of answer.lines)
      if (overrun > 0n) tools.metrics.increment("budget_overruns_total", { budget: budgetId });
    return answer;
  } catch (error) {
    tools.logger.error({ err: error, session: session.id }, "a request could not be settled; its hold will expire");
    return undefined;
  }
}

/** What is free tells nothing of what the next request may come to. */
function learn(
  session: Session,
  { budgets }: Spending,
  amounts: readonly bigint[],
  { budgets: { learned } }: SettleTools,
): void {
  if (session.attempts.every((attempt) => judgeAttempt(session, attempt).verdict === "free")) return;
  for (const [index, { rule, account }] of budgets.entries())
    if (rule.estimate === "Learned") learned.settled(rule.id, account, amounts[index] ?? 0n);
}

/** What a provider told of its input teaches what the next request may come to. */
function teach(session: Session, { inputTokens }: SettleTools): void {
  const { current, requestBytes } = session;
  if (current === undefined || requestBytes === 0) return;
  const { verdict, usage } = judgeAttempt(session, current);
  const { backend, model } = current.planned;
  if (verdict === "billed" && usage !== undefined)
    inputTokens.settled(backend.providerName, model, requestBytes, usage.input);
}

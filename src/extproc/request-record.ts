import { remainingOf } from "../budgets/tiers.ts";
import type { AttemptRecord, BudgetRecord, RequestRecord } from "../core/request-record.ts";
import { costNanoUsd } from "../metering/price.ts";
import { quoteOf } from "./quote.ts";
import type { Session, SessionAttempt, Settlement } from "./session.ts";
import { judgeAttempt } from "./verdict.ts";

function attemptRecord(session: Session, attempt: SessionAttempt): AttemptRecord {
  const { planned } = attempt;
  const { verdict, usage, most, estimated } = judgeAttempt(session, attempt);
  const quote = quoteOf(session, planned);
  const counted = most ?? usage;
  return {
    backend: planned.backend.id,
    provider: planned.backend.providerName,
    model: planned.model,
    verdict,
    usage: counted,
    estimated,
    costNanoUsd: counted === undefined ? 0 : costNanoUsd(quote.price, counted),
    unpriced: counted !== undefined && !quote.known,
  };
}

function budgetRecords({ spending, refusing }: Session, settlement: Settlement): readonly BudgetRecord[] {
  if (refusing !== undefined) {
    const { budget, standing, asked, passesAtMs } = refusing;
    return [
      {
        budget: budget.rule.id,
        account: budget.account,
        unit: budget.rule.unit,
        windowStartMs: standing.window.startMs,
        windowEndMs: standing.window.endMs,
        limit: String(standing.limit),
        held: String(asked ?? 0n),
        spent: "0",
        overrun: "0",
        remaining: String(remainingOf(standing)),
        refused: true,
        passesAtMs,
      },
    ];
  }
  return (spending?.budgets ?? []).flatMap(({ rule, account }, index): BudgetRecord[] => {
    const standing = settlement?.standings[index] ?? spending?.standings[index];
    const booked = settlement?.lines[index];
    if (standing === undefined) return [];
    return [
      {
        budget: rule.id,
        account,
        unit: rule.unit,
        windowStartMs: standing.window.startMs,
        windowEndMs: standing.window.endMs,
        limit: String(standing.limit),
        held: String(spending?.hold.amounts[index] ?? 0n),
        spent: String(booked?.spent ?? 0n),
        overrun: String(booked?.overrun ?? 0n),
        remaining: String(remainingOf(standing)),
        refused: false,
      },
    ];
  });
}

/** Values of headers that name who asks: those that the operator trusts, and those that budgets go by. */
function identityOf({ config, view, plan, selection }: Session): Readonly<Record<string, string>> {
  const budgets = (plan ?? selection)?.budgets.map(({ rule }) => rule) ?? [];
  const names = new Set([
    ...config.settings.identity.trustedHeaders,
    ...budgets.flatMap(({ subject }) => subject),
    ...budgets.flatMap(({ match }) => match.flatMap((one) => (one.kind === "header" ? one.name : []))),
  ]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const value = view.headers.get(name);
      return value === undefined ? [] : [[name, value.slice(0, 256)]];
    }),
  );
}

/** A request as the ledger keeps it; after its settlement. */
export function requestRecord(session: Session, settlement: Settlement, nowMs: number): RequestRecord {
  const { plan, selection, outcome, view } = session;
  const attempts = session.attempts.map((attempt) => attemptRecord(session, attempt));
  return {
    type: "request",
    session: session.id,
    requestId: view.headers.get("x-request-id")?.slice(0, 256),
    startedMs: session.startedMs,
    durationMs: nowMs - session.startedMs,
    api: session.endpoint.api,
    stream: session.stream,
    route: (plan ?? selection)?.rule.routeId,
    requestedModel: selection?.requestedModel,
    model: (plan ?? selection)?.model,
    identity: identityOf(session),
    outcome: outcome?.kind ?? "unknown",
    code: outcome !== undefined && "code" in outcome ? (outcome.code ?? undefined) : undefined,
    message: session.message,
    status: session.status,
    bound: session.bound && { inputTokens: session.bound.inputTokens, outputTokens: session.bound.outputTokens },
    attempts,
    costNanoUsd: attempts.reduce((sum, attempt) => sum + attempt.costNanoUsd, 0),
    priceVersion: session.config.prices.version,
    budgets: budgetRecords(session, settlement),
    costs: session.costs,
  };
}

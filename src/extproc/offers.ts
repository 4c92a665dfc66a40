import type { Shortage } from "../budgets/budget-store.ts";
import { remainingOf } from "../budgets/tiers.ts";
import type { ClientRequest } from "../core/endpoint.ts";
import type { AppliedBudget, DroppedBackend, PlannedAttempt, RequestPlan } from "../core/request-plan.ts";
import { GatewayError } from "../lib/errors.ts";
import type { TokenBound } from "../metering/usage-meter.ts";
import { plan } from "../planning/plan.ts";
import type { Selection } from "../planning/select-route.ts";
import { type PreparedAttempt, prepareAttempt, prepareBounded } from "./attempt.ts";
import { boundOf } from "./bounds.ts";
import { unknownPriceError } from "./budget-refusal.ts";
import { readQuotas } from "./quotas.ts";
import { quoteOf } from "./quote.ts";
import type { Session } from "./session.ts";
import { mostAmounts } from "./spending.ts";
import type { ExchangeTools } from "./tools.ts";

/** What a stream must be able to say before its budget ends, to be begun at all. */
export const leastOutputTokens = 256;

/** A plan, and its attempts translated for their backends. */
export interface PreparedPlan {
  readonly plan: RequestPlan;
  readonly prepared: ReadonlyMap<string, PreparedAttempt>;
}

/** A Hard budget must know what an answer can cost. */
export function mustBeBounded(budgets: readonly AppliedBudget[]): boolean {
  return budgets.some(({ rule }) => rule.enforcement === "Hard");
}

function keyOf({ backend, model }: PlannedAttempt): string {
  return `${backend.id} ${model}`;
}

export function preparedFor({ prepared }: PreparedPlan, planned: PlannedAttempt | undefined): PreparedAttempt {
  const found = planned && prepared.get(keyOf(planned));
  if (found === undefined) throw new Error("an attempt of the plan that was not prepared");
  return found;
}

/**
 * Plans, and translates for every backend of the plan: those that cannot serve the request drop out of it.
 * @throws GatewayError as `plan`
 */
export async function preparePlan(
  session: Session,
  selection: Selection,
  request: ClientRequest,
  tools: ExchangeTools,
): Promise<PreparedPlan> {
  const quotaOf = await readQuotas(session, selection, tools);
  const prepared = new Map<string, PreparedAttempt>();
  const { headers } = session.view;
  const bounded = mustBeBounded(selection.budgets);
  const made = plan(session.config, session.view, selection, tools.random, (planned) => {
    const usedUp = quotaOf(planned);
    if (usedUp !== undefined) return usedUp;
    try {
      const attempt = bounded
        ? prepareBounded(planned, request, headers, session.endpoint, tools)
        : prepareAttempt(planned, request, headers, tools);
      prepared.set(keyOf(planned), attempt);
      return undefined;
    } catch (thrown) {
      return GatewayError.from(thrown);
    }
  });
  return { plan: made, prepared };
}

/** An attempt and the most that it can cost, in the order of the plan's budgets. */
export interface PricedAttempt {
  readonly planned: PlannedAttempt;
  readonly bound: TokenBound;
  readonly amounts: readonly bigint[];
}

/** A plan and what it asks its budgets for. */
export interface Offer extends PreparedPlan {
  readonly attempts: readonly PricedAttempt[];
  /** Less is asked for than the request may cost: it is a stream, and can be cut off. */
  readonly sliced: boolean;
}

function withAttempts(
  made: RequestPlan,
  attempts: readonly PricedAttempt[],
  dropped: readonly DroppedBackend[],
): RequestPlan {
  return { ...made, attempts: attempts.map(({ planned }) => planned), dropped: [...made.dropped, ...dropped] };
}

function deniesUnpriced(session: Session, { rule }: AppliedBudget, planned: PlannedAttempt): boolean {
  if (rule.unit.kind !== "USD" || rule.unknownPrice !== "Deny" || rule.enforcement === "Shadow") return false;
  return !quoteOf(session, planned).known;
}

/** Computes what each attempt can cost. @throws GatewayError `unknown_price`, when none has a price that a budget wants */
export async function makeOffer(
  session: Session,
  request: ClientRequest,
  preparedPlan: PreparedPlan,
  tools: ExchangeTools,
): Promise<Offer> {
  const { plan: made, prepared } = preparedPlan;
  const attempts: PricedAttempt[] = [];
  const dropped: DroppedBackend[] = [];
  let denying: { readonly budgetId: string; readonly model: string } | undefined;
  for (const planned of made.attempts) {
    const budget = made.budgets.find((one) => deniesUnpriced(session, one, planned));
    if (budget !== undefined) {
      denying = { budgetId: budget.rule.id, model: planned.model };
      const reason = `budget ${denying.budgetId} needs a price of ${planned.model}`;
      dropped.push({ backendId: planned.backend.id, reason });
      continue;
    }
    const bound = await boundOf(request, preparedFor(preparedPlan, planned), tools);
    attempts.push({ planned, bound, amounts: askedAmounts(session, made, planned, bound, tools) });
  }
  if (attempts.length === 0 && denying !== undefined) throw unknownPriceError(denying.budgetId, denying.model);
  return { plan: withAttempts(made, attempts, dropped), prepared, attempts, sliced: false };
}

/** The upper bound, or what requests of the account came to where a budget asks for no more. */
export function askedAmounts(
  session: Session,
  made: RequestPlan,
  planned: PlannedAttempt,
  bound: TokenBound,
  { budgets: { learned } }: Pick<ExchangeTools, "budgets">,
): readonly bigint[] {
  const most = mostAmounts(session, made, made.budgets, planned, bound);
  return most.map((amount, index) => {
    const budget = made.budgets[index];
    if (budget?.rule.estimate !== "Learned") return amount;
    return learned.amountOf(budget.rule.id, budget.account) ?? amount;
  });
}

/**
 * What may fit where the offer did not: the backends that do, else, for a stream, as much of its answer as the budgets can pay.
 * Undefined = nothing.
 */
export function smallerOffer(
  session: Session,
  request: ClientRequest,
  offer: Offer,
  shortages: readonly Shortage[],
  tools: Pick<ExchangeTools, "budgets">,
): Offer | undefined {
  const { plan: made } = offer;
  const room = made.budgets.map(({ rule }) => {
    const shortage = shortages.find(({ budgetId }) => budgetId === rule.id);
    return shortage && remainingOf(shortage);
  });
  const fits = (amounts: readonly bigint[]): boolean =>
    amounts.every((amount, index) => room[index] === undefined || amount <= room[index]);
  const fitting = offer.attempts.filter(({ amounts }) => fits(amounts));
  if (fitting.length > 0) return { ...offer, plan: leavingOut(offer, fitting), attempts: fitting };
  if (!request.stream) return undefined;
  const sliced = offer.attempts.flatMap((attempt): PricedAttempt[] => {
    // nobody sees when such an answer has cost what is held
    if (attempt.bound.hidesOutput) return [];
    const amountsOf = (outputTokens: number): readonly bigint[] =>
      askedAmounts(session, made, attempt.planned, { ...attempt.bound, outputTokens }, tools);
    const outputTokens = mostThat((tokens) => fits(amountsOf(tokens)), leastOutputTokens, attempt.bound.outputTokens);
    return outputTokens === undefined ? [] : [{ ...attempt, amounts: amountsOf(outputTokens) }];
  });
  if (sliced.length === 0) return undefined;
  return { ...offer, plan: leavingOut(offer, sliced), attempts: sliced, sliced: true };
}

/**
 * The offer with its cheapest backend alone, so that a refusal tells the least that the request needs; undefined = there is but
 * one.
 */
export function cheapestOffer(offer: Offer): Offer | undefined {
  const [first, ...others] = offer.attempts;
  if (first === undefined || others.length === 0) return undefined;
  const cheaper = (one: PricedAttempt, other: PricedAttempt): PricedAttempt =>
    other.amounts.every((amount, index) => amount <= (one.amounts[index] ?? 0n)) ? other : one;
  const cheapest = others.reduce(cheaper, first);
  return { ...offer, plan: leavingOut(offer, [cheapest]), attempts: [cheapest] };
}

function leavingOut({ plan: made, attempts }: Offer, kept: readonly PricedAttempt[]): RequestPlan {
  const stay = new Set(kept.map(({ planned }) => planned));
  const dropped = attempts
    .filter(({ planned }) => !stay.has(planned))
    .map(({ planned }) => ({ backendId: planned.backend.id, reason: "too little remains of a budget for it" }));
  return withAttempts(made, kept, dropped);
}

/** The largest whole number in [least, most] that passes a test which ever larger ones fail; undefined = none does. */
function mostThat(passes: (value: number) => boolean, least: number, most: number): number | undefined {
  if (least > most || !passes(least)) return undefined;
  let low = least;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (passes(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

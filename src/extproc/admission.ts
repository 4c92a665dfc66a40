import {
  BudgetDataLost,
  BudgetStoreUnavailable,
  type ReserveLine,
  type Shortage,
  type Standing,
} from "../budgets/budget-store.ts";
import { least } from "../budgets/decisions.ts";
import { leastRemaining, remainingOf } from "../budgets/tiers.ts";
import type { Visitor } from "../budgets/waiting-lines.ts";
import type { BudgetTier } from "../core/budget.ts";
import type { ClientRequest } from "../core/endpoint.ts";
import type { AppliedBudget, RequestPlan } from "../core/request-plan.ts";
import { GatewayError } from "../lib/errors.ts";
import type { TokenBound } from "../metering/usage-meter.ts";
import { type ChosenTiers, chooseTiers, hasTiers } from "../planning/choose-tiers.ts";
import { type Selection, selectRoute } from "../planning/select-route.ts";
import type { PreparedAttempt } from "./attempt.ts";
import { budgetRefusal, budgetStoreAway, type Refusing } from "./budget-refusal.ts";
import { cheaperModel } from "./cheaper-model.ts";
import { cheapestOffer, makeOffer, type Offer, preparedFor, preparePlan, smallerOffer } from "./offers.ts";
import type { Session } from "./session.ts";
import { owedAmounts } from "./spending.ts";
import type { ExchangeTools } from "./tools.ts";

/** A request that may go: planned, translated for its first backend, and paid for. */
export interface Admitted {
  readonly plan: RequestPlan;
  readonly first: PreparedAttempt;
  /** Undefined = no budget pays. */
  readonly bound: TokenBound | undefined;
}

export interface AdmissionOptions {
  readonly session: Session;
  readonly request: ClientRequest;
  readonly tools: ExchangeTools;
  /** Called once, before the first wait; all of them together may take so long. */
  readonly waiting: (maxWaitMs: number) => void;
  /** Whether the client has left: then nothing is waited for any more. */
  readonly isGone: () => boolean;
}

/** A reservation that was refused because a tier had changed is tried again, so many times. */
const maxRounds = 6;
/** Holds of other processes end without a word to this one. */
const lookAgainMs = 1_000;

/** Steps 1 to 7 of limits.md §0. @throws GatewayError of planning, translation, and of the budgets */
export async function admit(options: AdmissionOptions): Promise<Admitted> {
  const { session, request, tools } = options;
  const selection = selectRoute(session.config, session.view, request);
  session.selection = selection;
  if (selection.budgets.length > 0) return await new PayingAdmission(options, selection).admit();
  const prepared = await preparePlan(session, selection, request, tools);
  return { plan: prepared.plan, first: preparedFor(prepared, prepared.plan.attempts[0]), bound: undefined };
}

function lineKey({ rule, account }: AppliedBudget): string {
  return `${rule.id} ${account}`;
}

function longestWaitMs(budgets: readonly AppliedBudget[]): number {
  const tiers = budgets.flatMap(({ rule }) => rule.tiers);
  return Math.max(...tiers.map((tier) => (tier.action === "Queue" ? tier.maxWaitMs : 0)));
}

/** For every budget the larger amount. */
function larger(one: readonly bigint[], other: readonly bigint[]): readonly bigint[] {
  return one.map((amount, index) => {
    const second = other[index] ?? 0n;
    return amount > second ? amount : second;
  });
}

/** What came of asking for a hold. */
type Asked =
  | { readonly kind: "admitted"; readonly admitted: Admitted }
  /** Less remains than the tiers in force allow: others are. */
  | { readonly kind: "other-tiers" }
  | { readonly kind: "short"; readonly shortages: readonly Shortage[] };

/** One request on its way through its budgets. */
class PayingAdmission {
  readonly #options: AdmissionOptions;
  readonly #requested: Selection;
  /** How budgets stand, by id, as far as the store has told. */
  readonly #standings = new Map<string, Standing>();
  readonly #visitor: Visitor;

  constructor(options: AdmissionOptions, requested: Selection) {
    this.#options = options;
    this.#requested = requested;
    this.#visitor = options.tools.budgets.lines.arrive();
  }

  async admit(): Promise<Admitted> {
    try {
      await this.#readSticky();
      return await this.#pass();
    } catch (thrown) {
      if (thrown instanceof BudgetStoreUnavailable || thrown instanceof BudgetDataLost) throw budgetStoreAway(thrown);
      throw thrown;
    } finally {
      if (this.#visitor.waits) {
        this.#visitor.leave();
        this.#options.tools.budgets.holds.changed();
      }
    }
  }

  /** Whoever was downgraded last probably is again: reading first saves a reservation that would be refused. */
  async #readSticky(): Promise<void> {
    const known = this.#requested.budgets.filter((budget) => this.#stickyTier(budget) !== undefined);
    if (known.length > 0) await this.#read(known);
  }

  #stickyTier({ rule, account }: AppliedBudget): BudgetTier | undefined {
    const { budgets, nowMs } = this.#options.tools;
    return budgets.sticky.find(rule.id, account, nowMs());
  }

  async #read(budgets: readonly AppliedBudget[]): Promise<void> {
    const { holds } = this.#options.tools.budgets;
    const standings = await holds.read(budgets.map(({ rule, account }) => ({ budget: rule, account })));
    for (const standing of standings) this.#standings.set(standing.budgetId, standing);
  }

  async #pass(): Promise<Admitted> {
    const { session, request, tools } = this.#options;
    for (let round = 0; round < maxRounds; round++) {
      const { selection, tiers, refusing } = this.#chooseTiers();
      if (refusing !== undefined) {
        if (refusing.tier.action !== "Queue") throw this.#tierRefusal(refusing.budget, refusing.tier);
        if (!this.#visitor.waits) this.#options.waiting(longestWaitMs(selection.budgets));
        await this.#wait(refusing.budget, refusing.tier);
        continue;
      }
      const prepared = await preparePlan(session, selection, request, tools);
      const offer = await makeOffer(session, request, prepared, tools);
      const admitted = await this.#reserve(offer, tiers);
      if (admitted !== undefined) return admitted;
    }
    throw new GatewayError("budget_exceeded", "the budgets of this request change faster than it can be decided", {
      headers: { "retry-after": "1" },
    });
  }

  #chooseTiers(): ChosenTiers {
    const { session, tools } = this.#options;
    return chooseTiers(session.config, session.view, this.#requested, {
      standings: this.#standings,
      before: (budget) => this.#stickyTier(budget),
      isWaitedFor: (budget) =>
        tools.budgets.lines.isWaiting(lineKey(budget)) && !this.#visitor.isFirst(lineKey(budget)),
    });
  }

  /** Returns when it is this request's turn and the tier is left. @throws GatewayError `budget_exceeded` */
  async #wait(budget: AppliedBudget, tier: BudgetTier & { readonly action: "Queue" }): Promise<void> {
    const { session, tools, isGone } = this.#options;
    const { holds } = tools.budgets;
    const key = lineKey(budget);
    const untilMs = session.startedMs + tier.maxWaitMs;
    this.#visitor.join(key);
    for (;;) {
      if (isGone()) throw new GatewayError("gateway_unavailable", "the client left while it waited");
      const leftMs = untilMs - tools.nowMs();
      if (this.#visitor.isFirst(key) || leftMs <= 0) {
        await this.#read([budget]);
        if (this.#chooseTiers().refusing?.budget.rule.id !== budget.rule.id) return;
        if (leftMs <= 0) throw this.#tierRefusal(budget, tier);
      }
      await holds.change(Math.min(leftMs, lookAgainMs));
    }
  }

  #tierRefusal(budget: AppliedBudget, tier: BudgetTier): GatewayError {
    const standing = this.#standings.get(budget.rule.id);
    if (standing === undefined) throw new Error(`budget ${budget.rule.id} is in a tier without a standing`);
    return this.#refusal({ budget, standing, asked: undefined, passesAtMs: standing.window.endMs, tier }, undefined);
  }

  #refusal(refusing: Refusing, cheaper: string | undefined): GatewayError {
    const { session, tools } = this.#options;
    session.refusing = refusing;
    tools.metrics.increment("budget_refusals_total", { budget: refusing.budget.rule.id });
    return budgetRefusal(refusing, cheaper, tools.nowMs());
  }

  /** Undefined = other tiers are in force than those. @throws GatewayError `budget_exceeded` */
  async #reserve(offer: Offer, tiers: ReadonlyMap<string, BudgetTier>): Promise<Admitted | undefined> {
    const { session, request } = this.#options;
    let asked = await this.#ask(offer, tiers);
    if (asked.kind === "short") {
      const smaller =
        smallerOffer(session, request, offer, asked.shortages, this.#options.tools) ?? cheapestOffer(offer);
      if (smaller !== undefined) asked = await this.#ask(smaller, tiers);
    }
    if (asked.kind === "short") throw this.#shortageRefusal(offer, asked.shortages);
    return asked.kind === "admitted" ? asked.admitted : undefined;
  }

  /** Asks every budget for the dearest of the attempts. */
  async #ask(offer: Offer, tiers: ReadonlyMap<string, BudgetTier>): Promise<Asked> {
    const { session, tools } = this.#options;
    const { budgets } = offer.plan;
    const amounts = offer.attempts.map((attempt) => attempt.amounts).reduce(larger);
    session.bound = offer.attempts[0]?.bound;
    const lines = budgets.map((budget, index): ReserveLine => {
      const { rule, account } = budget;
      const mustRemain = hasTiers(budget) ? leastRemaining(rule, tiers.get(rule.id)) : 0n;
      return { budget: rule, account, amount: amounts[index] ?? 0n, leastRemaining: mustRemain };
    });
    const { version } = session.config.prices;
    const answer = await tools.budgets.holds.reserve(session.id, lines, version, () => owedAmounts(session));
    if (answer.kind === "refused") return this.#short(answer.shortages, lines);
    const { hold, reserved } = answer;
    session.spending = { budgets, hold, standings: reserved.standings, sliced: offer.sliced };
    for (const standing of reserved.standings) tools.budgets.sticky.keep(standing, tiers.get(standing.budgetId));
    for (const { budgetId } of reserved.wouldRefuse)
      tools.metrics.increment("budget_shadow_refusals_total", { budget: budgetId });
    const [first] = offer.attempts;
    return {
      kind: "admitted",
      admitted: { plan: offer.plan, first: preparedFor(offer, first?.planned), bound: first?.bound },
    };
  }

  #short(shortages: readonly Shortage[], lines: readonly ReserveLine[]): Asked {
    const mustRemain = new Map(lines.map(({ budget, leastRemaining: amount }) => [budget.id, amount ?? 0n]));
    for (const shortage of shortages) this.#standings.set(shortage.budgetId, shortage);
    if (shortages.some((shortage) => remainingOf(shortage) < (mustRemain.get(shortage.budgetId) ?? 0n)))
      return { kind: "other-tiers" };
    return { kind: "short", shortages };
  }

  #shortageRefusal({ plan, attempts }: Offer, shortages: readonly Shortage[]): GatewayError {
    const { session, request } = this.#options;
    const [shortage] = shortages;
    const budget = plan.budgets.find(({ rule }) => rule.id === shortage?.budgetId);
    if (shortage === undefined || budget === undefined) throw new Error("a refusal by no budget of the request");
    const dollars = shortages.every(({ budgetId }) =>
      plan.budgets.some(({ rule }) => rule.id === budgetId && rule.unit.kind === "USD"),
    );
    const remaining = shortages.map(remainingOf).reduce((one, other) => least(one, other));
    const inputTokens = Math.max(...attempts.map(({ bound }) => bound.inputTokens));
    const cheaper = dollars ? cheaperModel(session, request, inputTokens, remaining) : undefined;
    const { asked, passesAtMs } = shortage;
    return this.#refusal({ budget, standing: shortage, asked, passesAtMs, tier: undefined }, cheaper);
  }
}

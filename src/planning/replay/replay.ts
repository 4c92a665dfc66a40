import type { BudgetStore, ReserveLine, Standing } from "../../budgets/budget-store.ts";
import { LearnedAmounts } from "../../budgets/learned-amounts.ts";
import { StickyTiers } from "../../budgets/tiers.ts";
import type { BudgetUnit } from "../../core/budget.ts";
import type { AppliedBudget } from "../../core/request-plan.ts";
import type { RequestRecord } from "../../core/request-record.ts";
import type { RuntimeConfig } from "../../core/runtime-config.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { CounterStore } from "../../ratelimit/counter-store.ts";
import { type ChosenTiers, chooseTiers } from "../choose-tiers.ts";
import type { Selection } from "../select-route.ts";
import { type LimitCharge, ReplayLimits } from "./replay-limits.ts";
import { policyOf, selectionOf, viewOf } from "./replay-policy.ts";
import {
  type KnownTargets,
  mostAmount,
  priceRequest,
  type ReplayPrices,
  seenTargets,
  usedAmount,
} from "./replay-prices.ts";
import { type Doubts, type Replayed, wasRefused, wasRejected } from "./replayed.ts";

/** Stores that nobody else uses, and their clock. */
export interface ReplayStores {
  readonly budgets: BudgetStore;
  readonly counters: CounterStore;
  setNowMs(nowMs: number): void;
}

const usd: BudgetUnit = { kind: "USD" };
const maxStickyAccounts = 1_000_000;
/** Longer than any request: a hold of the replay never expires. */
const holdForMs = 1_000 * 365 * 86_400_000;

/** A request that was let pass and is not over yet. */
interface Running {
  readonly sessionId: string;
  readonly endsMs: number;
  readonly budgets: readonly AppliedBudget[];
  readonly amounts: readonly bigint[];
  readonly charges: readonly LimitCharge[];
}

/** A request that a tier keeps waiting. */
interface Waiting {
  readonly record: RequestRecord;
  readonly selection: Selection;
  readonly budgetId: string;
  readonly untilMs: number;
}

type Decision =
  | { readonly kind: "done"; readonly replayed: Replayed }
  | { readonly kind: "wait"; readonly budgetId: string; readonly maxWaitMs: number };

/** Replays requests against the budgets of a policy, at the times that were recorded. Deterministic. */
class Replay {
  readonly #policy: RuntimeConfig;
  readonly #stores: ReplayStores;
  readonly #limits: ReplayLimits;
  readonly #known: KnownTargets;
  readonly #sticky = new StickyTiers(maxStickyAccounts);
  readonly #learned = new LearnedAmounts();
  /** The one that ends first stands first. */
  readonly #running: Running[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #replayed = new Map<string, Replayed>();
  #operations = 0;
  #nowMs = 0;

  constructor(policy: RuntimeConfig, stores: ReplayStores, known: KnownTargets) {
    this.#policy = policy;
    this.#stores = stores;
    this.#limits = new ReplayLimits(stores.counters);
    this.#known = known;
  }

  async run(records: readonly RequestRecord[]): Promise<readonly Replayed[]> {
    for (const record of records) {
      await this.#passTime(record.startedMs);
      await this.#begin(record);
    }
    await this.#passTime(Number.POSITIVE_INFINITY);
    return records.flatMap(({ session }) => this.#replayed.get(session) ?? []);
  }

  /** Everything that happens up to then: requests end, and those that wait go or give up. */
  async #passTime(nowMs: number): Promise<void> {
    for (;;) {
      const endsMs = this.#running[0]?.endsMs ?? Number.POSITIVE_INFINITY;
      const untilMs = Math.min(...this.#waiting.map((one) => one.untilMs));
      const nextMs = Math.min(endsMs, untilMs);
      if (nextMs > nowMs || nextMs === Number.POSITIVE_INFINITY) return;
      this.#moveTo(nextMs);
      const ended = endsMs === nextMs ? this.#running.shift() : undefined;
      if (ended !== undefined) await this.#settle(ended);
      await this.#retryWaiting();
      if (ended === undefined) this.#giveUp();
    }
  }

  #moveTo(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#stores.setNowMs(nowMs);
  }

  async #begin(record: RequestRecord): Promise<void> {
    this.#moveTo(record.startedMs);
    await this.#retryWaiting();
    const requested = record.requestedModel ?? record.model;
    const selection =
      requested === undefined || wasRejected(record) ? undefined : selectionOf(this.#policy, record, requested);
    if (selection === undefined) {
      const doubts: Doubts = wasRejected(record) || requested === undefined ? {} : { unserved: true };
      this.#keep(record, { costNanoUsd: record.costNanoUsd, doubts });
      return;
    }
    const decision = await this.#decide(record, selection, {});
    if (decision.kind === "done") this.#replayed.set(record.session, decision.replayed);
    else {
      const { budgetId, maxWaitMs } = decision;
      this.#waiting.push({ record, selection, budgetId, untilMs: record.startedMs + maxWaitMs });
    }
  }

  async #retryWaiting(): Promise<void> {
    for (const one of [...this.#waiting]) {
      const decision = await this.#decide(one.record, one.selection, { waited: true });
      if (decision.kind === "wait") continue;
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      this.#replayed.set(one.record.session, decision.replayed);
    }
  }

  /** Those whose time is over. */
  #giveUp(): void {
    const late = this.#waiting.filter(({ untilMs }) => untilMs <= this.#nowMs);
    for (const one of late) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      this.#keep(one.record, { refusedBy: one.budgetId, doubts: { waited: true } });
    }
  }

  async #settle({ sessionId, budgets, amounts, charges }: Running): Promise<void> {
    await this.#book(sessionId, budgets, amounts);
    await this.#limits.charge(charges, this.#nowMs);
    for (const [index, { rule, account }] of budgets.entries())
      this.#learned.settled(rule.id, account, amounts[index] ?? 0n);
  }

  async #book(sessionId: string, budgets: readonly AppliedBudget[], amounts: readonly bigint[]): Promise<void> {
    if (budgets.length === 0) return;
    const booked = budgets.map(({ rule }, index) => ({ budgetId: rule.id, amount: amounts[index] ?? 0n }));
    await this.#stores.budgets.settle({ id: this.#newId(), sessionId, amounts: booked });
  }

  async #decide(record: RequestRecord, requested: Selection, before: Doubts): Promise<Decision> {
    let chosen: ChosenTiers;
    try {
      chosen = await this.#chooseTiers(record, requested);
    } catch (thrown) {
      return refusal(record, GatewayError.from(thrown).message, before);
    }
    const { selection, refusing } = chosen;
    if (refusing?.tier.action === "Queue")
      return { kind: "wait", budgetId: refusing.budget.rule.id, maxWaitMs: refusing.tier.maxWaitMs };
    if (refusing !== undefined) return refusal(record, refusing.budget.rule.id, before);
    const prices = priceRequest(this.#policy, selection, record, this.#known);
    const doubts = { ...before, ...(prices.unpriced === undefined ? {} : { unpriced: prices.unpriced }) };
    const denying = selection.budgets.find(({ rule }) => rule.unit.kind === "USD" && rule.unknownPrice === "Deny");
    if (prices.unpriced !== undefined && denying !== undefined)
      return refusal(record, `${denying.rule.id} (unknown price)`, doubts);
    const refusedBy = await this.#pay(record, chosen, prices);
    if (refusedBy !== undefined) return refusal(record, refusedBy, doubts);
    return { kind: "done", replayed: served(record, selection, prices, doubts) };
  }

  /** Reserves, looks at the limits, and runs the request; what refuses it, if anything does. */
  async #pay(
    record: RequestRecord,
    { selection, tiers }: ChosenTiers,
    prices: ReplayPrices,
  ): Promise<string | undefined> {
    const { budgets } = selection;
    const amounts = budgets.map((budget) => this.#amountOf(budget, prices, record));
    if (budgets.length > 0) {
      const lines = budgets.map(({ rule, account }, index): ReserveLine => {
        return { budget: rule, account, amount: amounts[index]?.asked ?? 0n };
      });
      const answer = await this.#stores.budgets.reserve({
        id: this.#newId(),
        sessionId: record.session,
        owner: "replay",
        timeToLiveMs: holdForMs,
        priceVersion: this.#policy.prices.version,
        lines,
      });
      if (answer.kind === "refused") return answer.shortages.map(({ budgetId }) => budgetId).join(", ");
      if (answer.kind === "reserved")
        for (const standing of answer.standings) this.#sticky.keep(standing, tiers.get(standing.budgetId));
    }
    const limited = await this.#limits.check(record, selection, prices, this.#nowMs);
    if (limited.kind === "refused") {
      await this.#book(record.session, budgets, []);
      return limited.label;
    }
    this.#start({
      sessionId: record.session,
      endsMs: this.#nowMs + record.durationMs,
      budgets,
      amounts: amounts.map(({ used }) => used),
      charges: limited.charges,
    });
    return undefined;
  }

  /** The tiers in force, with how every budget stands that has some. @throws GatewayError when no route serves a downgrade */
  async #chooseTiers(record: RequestRecord, requested: Selection): Promise<ChosenTiers> {
    const standings = new Map<string, Standing>();
    const view = viewOf(record);
    for (;;) {
      const chosen = chooseTiers(this.#policy, view, requested, {
        standings,
        before: ({ rule, account }) => this.#sticky.find(rule.id, account, this.#nowMs),
        // those that came before were tried just before, and still wait for the same tier
        isWaitedFor: () => false,
      });
      const missing = [...requested.budgets, ...chosen.selection.budgets].filter(
        ({ rule }) => rule.tiers.length > 0 && !standings.has(rule.id),
      );
      if (missing.length === 0) return chosen;
      const found = await this.#stores.budgets.read(missing.map(({ rule, account }) => ({ budget: rule, account })));
      for (const standing of found) standings.set(standing.budgetId, standing);
    }
  }

  /** What a budget is asked for, and what is booked on it in the end. */
  #amountOf({ rule, account }: AppliedBudget, prices: ReplayPrices, record: RequestRecord) {
    if (prices.unpriced !== undefined && rule.unit.kind === "USD" && rule.unknownPrice === "Allow")
      return { asked: 0n, used: 0n };
    const known = usedAmount(rule.unit, prices, record);
    const most = mostAmount(rule.unit, prices, record);
    const likely = rule.estimate === "Learned" ? this.#learned.amountOf(rule.id, account) : undefined;
    return { asked: likely ?? most ?? known, used: wasRefused(record) ? (most ?? 0n) : known };
  }

  #start(running: Running): void {
    const after = this.#running.findIndex(({ endsMs }) => endsMs > running.endsMs);
    this.#running.splice(after < 0 ? this.#running.length : after, 0, running);
  }

  #keep(record: RequestRecord, parts: Partial<Replayed>): void {
    const nothing = { record, refusedBy: undefined, downgradedTo: undefined, costNanoUsd: 0, doubts: {} };
    this.#replayed.set(record.session, { ...nothing, ...parts });
  }

  #newId(): string {
    this.#operations++;
    return `operation ${this.#operations}`;
  }
}

function refusal(record: RequestRecord, refusedBy: string, doubts: Doubts): Decision {
  return { kind: "done", replayed: { record, refusedBy, downgradedTo: undefined, costNanoUsd: 0, doubts } };
}

function served(record: RequestRecord, selection: Selection, prices: ReplayPrices, before: Doubts): Replayed {
  const { model, requestedModel, budgets } = selection;
  const unknown = wasRefused(record);
  const most = unknown ? mostAmount(usd, prices, record) : undefined;
  return {
    record,
    refusedBy: undefined,
    downgradedTo: model === requestedModel ? undefined : model,
    costNanoUsd: Number(unknown ? (most ?? 0n) : usedAmount(usd, prices, record)),
    doubts: {
      ...before,
      ...(unknown ? { usage: most === undefined ? "nothing" : "bound" } : {}),
      ...(budgets.length > 0 && record.bound === undefined ? { bound: true } : {}),
      ...(record.attempts.some(({ verdict }) => verdict === "unknown") ? { unknown: true } : {}),
    },
  };
}

/**
 * What a policy would have made of recorded requests: budgets with their tiers and waiting, rate limits, prices, and the models that a
 * downgrade serves. `records` in the order of their times, no session twice; the result in the same order. `providers`: those whose prices are
 * looked through for models that nobody served.
 */
export async function replay(
  records: readonly RequestRecord[],
  config: RuntimeConfig,
  stores: ReplayStores,
  providers: readonly string[],
): Promise<readonly Replayed[]> {
  return await new Replay(policyOf(config), stores, { seen: seenTargets(records), providers }).run(records);
}

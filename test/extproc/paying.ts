import { Writable } from "node:stream";
import { Holds } from "../../src/budgets/holds.ts";
import { LearnedAmounts } from "../../src/budgets/learned-amounts.ts";
import { MemoryBudgetStore } from "../../src/budgets/stores/memory.ts";
import { StickyTiers } from "../../src/budgets/tiers.ts";
import { WaitingLines } from "../../src/budgets/waiting-lines.ts";
import type { BudgetRule } from "../../src/core/budget.ts";
import type { PlannedAttempt, RequestPlan } from "../../src/core/request-plan.ts";
import type { Backend, CostRule } from "../../src/core/runtime-config.ts";
import type { TokenUsage } from "../../src/core/usage.ts";
import type { AttemptReport, SessionAttempt, Spending } from "../../src/extproc/session.ts";
import { type TokenBound, UsageMeter } from "../../src/metering/usage-meter.ts";
import { makeLogger } from "../../src/observe/logger.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { makeBackend, makeRef, makeRouteRule } from "../planning/support.ts";
import { applied } from "../support/budget-rule.ts";
import { makeSession } from "./support.ts";

/** 2.50 and 10.00 dollars a million tokens in the price list: 2,500 and 10,000 nano-dollars each. */
const model = "gpt-4o";

export function planned(id: string, upstream = model, backend: Partial<Backend> = {}): PlannedAttempt {
  return { backend: makeBackend(id, backend), ref: makeRef(id), model: upstream };
}

export const openai = planned("ai/openai");
export const anthropic = planned("ai/anthropic");

export const bound: TokenBound = { inputTokens: 100, outputTokens: 200, tiers: [], hidesOutput: false };

interface Became {
  readonly ended?: SessionAttempt["ended"];
  readonly told?: TokenUsage;
  /** Bytes of output that were passed on. */
  readonly bytes?: number;
  readonly bound?: TokenBound | undefined;
}

/** An attempt and what became of it; 10 tokens of input are estimated. */
export function attemptAt(of: PlannedAttempt, became: Became = {}): SessionAttempt {
  const meter = new UsageMeter({ estimatedInputTokens: 10, onIgnored: () => undefined });
  if (became.told !== undefined) meter.report(became.told);
  if (became.bytes !== undefined) meter.streamed(became.bytes);
  if (became.ended === "answered") meter.complete();
  return {
    planned: of,
    meter,
    warnings: [],
    bound: "bound" in became ? became.bound : bound,
    ended: became.ended,
    translator: undefined,
  };
}

export const answered = { ended: "answered", told: { input: 40, output: 60 } } as const;

export function reportOf({ backend }: PlannedAttempt, status: number, ...flags: string[]): AttemptReport {
  return { backendId: backend.id, status, flags };
}

export function makePlan(changes: Partial<RequestPlan> = {}): RequestPlan {
  return {
    model,
    requestedModel: model,
    rule: makeRouteRule("rule"),
    attempts: [openai],
    limits: [],
    withoutAccount: [],
    budgets: [],
    costs: [],
    dropped: [],
    warnings: [],
    ...changes,
  };
}

interface PayingOptions {
  /** What is held on each of the budgets. */
  readonly amounts: readonly bigint[];
  readonly sliced?: boolean;
  readonly costs?: readonly CostRule[];
  readonly store?: MemoryBudgetStore;
}

/** A request that was forwarded, with its hold on a store in memory. */
export async function makePaying(rules: readonly BudgetRule[], options: PayingOptions) {
  const clock = { nowMs: 0 };
  const { store = new MemoryBudgetStore(() => clock.nowMs), sliced = false, costs = [] } = options;
  let ids = 0;
  const holds = new Holds({
    store,
    owner: "gateway-1",
    newId: () => `id-${++ids}`,
    onExpired: () => undefined,
    onError: () => undefined,
  });
  const log: string[] = [];
  const taught: (readonly [string, string, number, number])[] = [];
  const tools = {
    budgets: { holds, sticky: new StickyTiers(10), lines: new WaitingLines(), learned: new LearnedAmounts() },
    inputTokens: {
      bound: async () => ({ most: 100 }),
      settled: (provider: string, name: string, bytes: number, tokens: number) =>
        void taught.push([provider, name, bytes, tokens]),
    },
    metrics: new Metrics(),
    logger: makeLogger(
      "debug",
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          log.push(chunk.toString());
          done();
        },
      }),
    ),
    nowMs: () => clock.nowMs,
  };
  const session = makeSession("s");
  const budgets = rules.map((rule) => applied(rule));
  session.plan = makePlan({ budgets, costs });
  session.forwarded = true;
  const lines = rules.map((budget, index) => ({ budget, account: "*", amount: options.amounts[index] ?? 0n }));
  const answer = await holds.reserve("s", lines, "v1");
  if (answer.kind !== "held") throw new Error(`the hold was ${answer.kind}`);
  const spending: Spending = { budgets, hold: answer.hold, standings: answer.reserved.standings, sliced };
  session.spending = spending;
  const standing = async (rule: BudgetRule) => {
    const [found] = await store.read([{ budget: rule, account: "*" }]);
    return { spent: found?.spent, held: found?.held, overrun: found?.overrun };
  };
  return { session, spending, tools, clock, store, log, taught, standing };
}

import { expect } from "chai";
import type { PlannedAttempt } from "../../src/core/request-plan.ts";
import type { LimitRule, Quota } from "../../src/core/runtime-config.ts";
import { chargeQuotas, readQuotas } from "../../src/extproc/quotas.ts";
import { Session, type SessionAttempt } from "../../src/extproc/session.ts";
import type { QuotaCounters } from "../../src/extproc/tools.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import { UsageMeter } from "../../src/metering/usage-meter.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import type { LimitItem, LimitVerdict } from "../../src/ratelimit/limiter.ts";
import { makeBackend, makeConfig, makeRef, makeRouteRule, makeView } from "../planning/support.ts";
import { counterValue, makeRule, someTimeMs } from "../ratelimit/support.ts";
import { endpoint } from "./support.ts";

const minuteMs = 60_000;

/** Counters that stand as they are told to. */
class FakeCounters implements QuotaCounters {
  readonly checked: (readonly LimitItem[])[] = [];
  readonly charged: (readonly LimitItem[])[] = [];
  readonly verdicts: Readonly<Record<string, Partial<LimitVerdict>>>;

  constructor(verdicts: Readonly<Record<string, Partial<LimitVerdict>>> = {}) {
    this.verdicts = verdicts;
  }

  async check(items: readonly LimitItem[]): Promise<readonly LimitVerdict[]> {
    this.checked.push(items);
    return items.map((item) => ({
      item,
      refused: false,
      overLimit: false,
      storeAway: false,
      limit: item.rule.limit,
      unit: item.rule.unit,
      used: 0,
      resetsAtMs: someTimeMs + minuteMs,
      ...this.verdicts[item.rule.id],
    }));
  }

  charge(items: readonly LimitItem[]): void {
    this.charged.push(items);
  }
}

function quota(id: string, cel: string, changes: Partial<LimitRule> = {}): Quota {
  const cost = compileCostRule({ metadataKey: "q", type: "CEL", cel });
  if ("error" in cost) throw new Error(cost.error);
  return {
    policyId: "ai/q",
    model: undefined,
    cost,
    buckets: [makeRule({ id, label: id, selectors: [], ...changes })],
  };
}

const rule = makeRouteRule("rule", {
  backends: [makeRef("ai/openai"), makeRef("ai/anthropic", { priority: 1, modelNameOverride: "claude" })],
});
const planned = (id: string, model: string): PlannedAttempt => ({
  backend: makeBackend(id),
  ref: makeRef(id),
  model,
});
const openai = planned("ai/openai", "gpt-4o");
const anthropic = planned("ai/anthropic", "claude");

function world(quotas: Readonly<Record<string, readonly Quota[]>>, counters = new FakeCounters()) {
  const config = makeConfig([{ rule }], { quotas: new Map(Object.entries(quotas)) });
  const session = new Session("s", config, makeView(), endpoint, 0);
  const metrics = new Metrics();
  return { session, counters, metrics, tools: { quotas: counters, metrics, nowMs: () => someTimeMs } };
}

const asked = { model: "gpt-4o", rule };

describe("readQuotas", () => {
  it("asks for the quotas of every backend that may serve at once, and adds nothing", async () => {
    const { session, counters, tools } = world({
      "ai/openai": [quota("one", "total_tokens"), quota("two", "total_tokens")],
      "ai/anthropic": [{ ...quota("claude", "total_tokens"), model: "claude" }],
      "ai/bedrock": [quota("elsewhere", "total_tokens")],
    });
    const check = await readQuotas(session, asked, tools);
    expect(counters.checked.map((items) => items.map((item) => [item.rule.id, item.add, item.charge]))).to.deep.equal([
      [
        ["one", 0, false],
        ["two", 0, false],
        ["claude", 0, false],
      ],
    ]);
    expect([openai, anthropic].map(check)).to.deep.equal([undefined, undefined]);
  });

  it("asks nothing where there are none", async () => {
    const { session, counters, tools } = world({ "ai/bedrock": [quota("elsewhere", "total_tokens")] });
    expect((await readQuotas(session, asked, tools))(openai)).to.equal(undefined);
    expect(counters.checked).to.deep.equal([]);
  });

  it("names the used-up quota that resets last, and leaves the other backend alone", async () => {
    const counters = new FakeCounters({
      soon: { refused: true, overLimit: true, used: 101 },
      late: { refused: true, overLimit: true, used: 102, resetsAtMs: someTimeMs + 2 * minuteMs },
    });
    const quotas = { "ai/openai": ["soon", "late"].map((id) => quota(id, "total_tokens")) };
    const { session, metrics, tools } = world({ ...quotas, "ai/anthropic": [quota("free", "total_tokens")] }, counters);
    const check = await readQuotas(session, asked, tools);
    expect(check(anthropic)).to.equal(undefined);
    const refusal = check(openai);
    expect(refusal).to.include({ code: "quota_exceeded", status: 429 });
    expect(refusal?.headers).to.deep.equal({ "retry-after": "120" });
    expect(refusal?.members).to.deep.equal({
      quota: {
        policy: "default/token-budget",
        name: "late",
        backend: "ai/openai",
        limit: 100,
        unit: "Hour",
        used: 102,
        resets_at: "2026-03-04T05:08:07.250Z",
      },
    });
    expect(await counterValue(metrics, "quota_refusals_total")).to.equal(2);
  });

  it("L18: says so when the store is away and the policy refuses then", async () => {
    const counters = new FakeCounters({ one: { refused: true, storeAway: true } });
    const { session, tools } = world({ "ai/openai": [quota("one", "total_tokens")] }, counters);
    const refusal = (await readQuotas(session, asked, tools))(openai);
    expect(refusal).to.include({ code: "store_unavailable", status: 429 });
    expect(refusal?.headers).to.deep.equal({ "retry-after": "1" });
    expect(refusal?.message).to.contain(
      "the quota one of backend ai/openai: the store of this limit cannot be reached",
    );
  });
});

describe("chargeQuotas", () => {
  const plan = {
    ...asked,
    requestedModel: "gpt-4o",
    attempts: [openai, anthropic],
    limits: [],
    withoutAccount: [],
    budgets: [],
    costs: [],
    dropped: [],
    warnings: [],
  };

  function attempt(of: PlannedAttempt, ended: SessionAttempt["ended"], output: number): SessionAttempt {
    const meter = new UsageMeter({ estimatedInputTokens: 10, onIgnored: () => undefined });
    meter.report({ input: 100, output });
    meter.complete();
    return { planned: of, meter, warnings: [], bound: undefined, ended, translator: undefined };
  }

  it("charges every attempt that used something to the quotas of its own backend, once", () => {
    const { session, counters, tools } = world({
      "ai/openai": [quota("one", "total_tokens"), quota("two", "output_tokens")],
      "ai/anthropic": [quota("three", "input_tokens + 5 * output_tokens")],
    });
    session.plan = plan;
    session.attempts.push(
      attempt(openai, "refused", 1),
      attempt(openai, "answered", 7),
      attempt(anthropic, "answered", 3),
    );
    chargeQuotas(session, tools);
    chargeQuotas(session, tools);
    const all = counters.charged.map((items) => items.map((item) => [item.rule.id, item.add, item.charge]));
    expect(all).to.deep.equal([
      [
        ["one", 107, true],
        ["two", 7, true],
        ["three", 115, true],
      ],
    ]);
  });

  it("charges nobody by a header that was sent twice: of a backend outside the plan nobody checked it", () => {
    const selectors = [{ kind: "header", type: "Distinct", name: "x-user-id" } as const];
    const config = makeConfig([{ rule }], {
      quotas: new Map([["ai/openai", [quota("one", "total_tokens", { selectors })]]]),
    });
    const view = makeView(["ada", "bob"].map((user) => ["x-user-id", user] as const));
    const session = new Session("s", config, view, endpoint, 0);
    session.plan = plan;
    session.attempts.push(attempt(openai, "answered", 7));
    const counters = new FakeCounters();
    chargeQuotas(session, { quotas: counters, metrics: new Metrics(), nowMs: () => someTimeMs });
    expect(counters.charged).to.deep.equal([]);
  });

  it("charges nothing for a request that was never planned", () => {
    const { session, counters, tools } = world({ "ai/openai": [quota("one", "total_tokens")] });
    chargeQuotas(session, tools);
    expect(counters.charged).to.deep.equal([]);
  });
});

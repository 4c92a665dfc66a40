import { expect } from "chai";
import type { RequestPlan } from "../../src/core/request-plan.ts";
import { currentCosts, sameCosts, zeroedCosts } from "../../src/extproc/costs.ts";
import type { Session, SessionAttempt } from "../../src/extproc/session.ts";
import type { ExchangeTools } from "../../src/extproc/tools.ts";
import { compileCostRule } from "../../src/metering/cost-rules.ts";
import { UsageMeter } from "../../src/metering/usage-meter.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { makeBackend, makeRef, makeRouteRule } from "../planning/support.ts";
import { counterValue } from "../ratelimit/support.ts";
import { makeSession, makeTranslator } from "./support.ts";

function makeWorld() {
  const costs = [
    { metadataKey: "tokens", type: "TotalToken" },
    { metadataKey: "broken", type: "CEL", cel: "input_tokens - 1000" },
    { metadataKey: "dear", type: "CEL", cel: "total_tokens * 1000000000" },
    { metadataKey: "dollars", type: "USD" },
  ].map((spec) => {
    const rule = compileCostRule(spec);
    if ("error" in rule) throw new Error(rule.error);
    return rule;
  });
  const planned = { backend: makeBackend("ai/openai"), ref: makeRef("ai/openai"), model: "gpt-4o" };
  const rule = makeRouteRule("r");
  const plan: RequestPlan = {
    model: "m",
    requestedModel: "m",
    rule,
    attempts: [planned],
    limits: [],
    withoutAccount: [],
    budgets: [],
    costs,
    dropped: [],
    warnings: [],
  };
  const session: Session = makeSession("s");
  session.plan = plan;
  const makeAttempt = (model = "gpt-4o"): SessionAttempt => ({
    planned: { ...planned, model },
    meter: new UsageMeter({ estimatedInputTokens: 10, onIgnored: () => undefined }),
    warnings: [],
    bound: undefined,
    ended: undefined,
    translator: makeTranslator(),
  });
  const metrics = new Metrics();
  const warned: object[] = [];
  const tools = { metrics, logger: { warn: (line: object) => warned.push(line) } } as unknown as ExchangeTools;
  return { session, makeAttempt, metrics, warned, tools };
}

describe("currentCosts", () => {
  it("L6: follows what the attempt has used so far", () => {
    const { session, makeAttempt, tools } = makeWorld();
    const attempt = makeAttempt();
    expect(currentCosts(session, attempt, undefined, tools)).to.include({ tokens: 10, broken: 10 });
    attempt.meter.streamed(40);
    expect(currentCosts(session, attempt, undefined, tools)).to.include({ tokens: 20, dear: 1_000_000_000 });
  });

  it("L5: a cost that cannot be computed is said once per attempt, however many chunks there are", async () => {
    const { session, makeAttempt, tools, metrics, warned } = makeWorld();
    for (const attempt of [makeAttempt(), makeAttempt()]) {
      for (let chunk = 0; chunk < 5; chunk++) currentCosts(session, attempt, undefined, tools);
    }
    expect(await counterValue(metrics, "cost_failed_total")).to.equal(2);
    expect(await counterValue(metrics, "cost_capped_total")).to.equal(2);
    expect(warned).to.have.length(2);
    expect(warned[0]).to.include({ metadata_key: "broken" });
  });

  it("L3: dollars are those of the model sent upstream, whatever the answer calls itself", () => {
    const { session, makeAttempt, tools } = makeWorld();
    // 10 × 2.50, 10 × 0.15
    expect(currentCosts(session, makeAttempt(), "gpt-4o-mini", tools)).to.include({ dollars: 25 });
    expect(currentCosts(session, makeAttempt("gpt-4o-mini"), "gpt-4o", tools)).to.include({ dollars: 2 });
  });

  it("L30: the price is that of the time at which the request began", () => {
    const { session, makeAttempt, tools } = makeWorld();
    const later = makeSession("later", Date.UTC(2025, 5, 10));
    later.plan = session.plan;
    // o3 cost 10.00 per million tokens of input, and 2.00 from then on
    expect(currentCosts(session, makeAttempt("o3"), undefined, tools)).to.include({ dollars: 100 });
    expect(currentCosts(later, makeAttempt("o3"), undefined, tools)).to.include({ dollars: 20 });
  });

  it("L30: a model without a price is said once per attempt, and named in the metric only if a route names it", async () => {
    const { session, makeAttempt, tools, metrics, warned } = makeWorld();
    for (const model of ["m", "gpt-4o"]) {
      session.plan = session.plan && { ...session.plan, model };
      const attempt = makeAttempt("unpriced");
      for (let chunk = 0; chunk < 3; chunk++) currentCosts(session, attempt, undefined, tools);
    }
    const text = await metrics.render();
    for (const label of ["other", "unpriced"])
      expect(text).to.contain(`tollgate_cost_unpriced_total{backend="ai/openai",model="${label}"} 1\n`);
    expect(warned.filter((line) => "charged" in line)).to.have.length(2);
    expect(warned.find((line) => "charged" in line)).to.include({ model: "unpriced", backend: "ai/openai" });
  });

  it("is nothing for a session without a plan", () => {
    const { makeAttempt, tools } = makeWorld();
    expect(currentCosts(makeSession("other"), makeAttempt(), undefined, tools)).to.deep.equal({});
  });
});

describe("zeroedCosts", () => {
  it("L7: sets every key to 0", () => {
    expect(zeroedCosts(makeWorld().session)).to.deep.equal({ tokens: 0, broken: 0, dear: 0, dollars: 0 });
    expect(zeroedCosts(makeSession("other"))).to.deep.equal({});
  });
});

describe("sameCosts", () => {
  it("compares keys and values", () => {
    expect(sameCosts({ a: 1, b: 2 }, { b: 2, a: 1 })).to.equal(true);
    expect(sameCosts({ a: 1 }, { a: 2 })).to.equal(false);
    expect(sameCosts({ a: 1 }, { a: 1, b: 0 })).to.equal(false);
    expect(sameCosts({ a: 1 }, { b: 1 })).to.equal(false);
  });
});

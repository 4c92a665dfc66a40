import { expect } from "chai";
import fc from "fast-check";
import { MemoryBudgetStore } from "../../../src/budgets/stores/memory.ts";
import type { AttemptRecord, RequestRecord } from "../../../src/core/request-record.ts";
import { replay } from "../../../src/planning/replay/replay.ts";
import { type ReplayReport, replayReport } from "../../../src/planning/replay/replay-report.ts";
import type { Replayed } from "../../../src/planning/replay/replayed.ts";
import { MemoryCounterStore } from "../../../src/ratelimit/stores/memory.ts";
import { makeBudgetRecord, makeRecord, noonMs } from "../../budgets/ledger/support.ts";
import { aiResource, configOf, document, policy } from "../../config/support.ts";

function budget(spec: string, name = "ai/b"): string {
  return document("tollgate.dev/v1alpha1", "Budget", name, `{${spec}}`);
}

const perUser = "subject: [{header: x-user-id}], window: {every: Day}";

/** At `second`, ten seconds long, 1,000 tokens each way of gpt-4o ($0.0125); at most 2,000 out ($0.0225). */
function made(second: number, parts: Partial<RequestRecord> = {}, attempt: Partial<AttemptRecord> = {}): RequestRecord {
  const [first] = makeRecord().attempts;
  if (first === undefined) throw new Error("no attempt");
  const usage = { input: 1_000, output: 1_000, total: 2_000 };
  return makeRecord({
    session: `s${second}`,
    startedMs: noonMs + second * 1_000,
    durationMs: 10_000,
    bound: { inputTokens: 1_000, outputTokens: 2_000 },
    budgets: [],
    costNanoUsd: 12_500_000,
    attempts: [{ ...first, usage, costNanoUsd: 12_500_000, ...attempt }],
    ...parts,
  });
}

const refused = { outcome: "rejected", code: "budget_exceeded", attempts: [], costNanoUsd: 0 };

async function replayed(
  yaml: string,
  records: readonly RequestRecord[],
): Promise<{ readonly all: readonly Replayed[]; readonly report: ReplayReport }> {
  const config = configOf(yaml);
  let nowMs = 0;
  const budgets = new MemoryBudgetStore(() => nowMs);
  const counters = new MemoryCounterStore(() => nowMs);
  const setNowMs = (setMs: number): void => {
    expect(setMs, "time never goes back").to.be.at.least(nowMs);
    nowMs = setMs;
  };
  const all = await replay(records, config, { budgets, counters, setNowMs }, ["openai", "anthropic"]);
  expect(all.map(({ record }) => record.session)).to.deep.equal(records.map(({ session }) => session));
  return { all, report: replayReport(all, config, []) };
}

/** What became of each request, in short: what refuses it, the cheaper model, or its dollars. */
async function outcomes(yaml: string, records: readonly RequestRecord[]): Promise<readonly (string | number)[]> {
  const { all } = await replayed(yaml, records);
  return all.map(
    ({ refusedBy, downgradedTo, costNanoUsd }) =>
      refusedBy ?? (downgradedTo === undefined ? costNanoUsd / 1e9 : downgradedTo),
  );
}

describe("replay", () => {
  it("holds the upper bound of requests that run at the same time, and frees what they did not use", async () => {
    const yaml = budget(`${perUser}, limit: {amount: "0.05", unit: USD}`);
    // two hold 0.045 together, so the third does not fit; at second 10 the first has ended and 0.01 is free again
    const records = [made(0), made(5), made(6), made(10), made(20, { identity: { "x-user-id": "bob" } })];
    expect(await outcomes(yaml, records)).to.deep.equal([0.0125, 0.0125, "ai/b", "ai/b", 0.0125]);
    expect(await outcomes(yaml, [made(0), made(5), made(6), made(15)])).to.deep.equal([0.0125, 0.0125, "ai/b", 0.0125]);
  });

  it("begins new windows at the recorded times", async () => {
    const yaml = budget('subject: [{header: x-user-id}], window: {every: Hour}, limit: {amount: "0.03", unit: USD}');
    expect(await outcomes(yaml, [made(0), made(20), made(3_600)])).to.deep.equal([0.0125, "ai/b", 0.0125]);
  });

  it("counts tokens, and asks Soft budgets for what they refuse by", async () => {
    const tokens = budget(`${perUser}, limit: {amount: "5000", unit: Tokens}`);
    expect(await outcomes(tokens, [made(0), made(20), made(40)])).to.deep.equal([0.0125, 0.0125, "ai/b"]);
    const shadow = budget(`${perUser}, limit: {amount: "5000", unit: Tokens}, enforcement: Shadow`);
    expect(await outcomes(shadow, [made(0), made(20), made(40)])).to.deep.equal([0.0125, 0.0125, 0.0125]);
  });

  it("matches budgets by the recorded identity and the requested model, not by the model that a tier made of it", async () => {
    const yaml = budget(
      `${perUser}, match: [{header: x-team-id, value: engineering}, {model: gpt-4o}], limit: {amount: "0.01", unit: USD}`,
    );
    const others = [
      made(0, { identity: { "x-user-id": "alice", "x-team-id": "sales" } }),
      made(1, { requestedModel: "gpt-4o-mini", model: "gpt-4o-mini" }, { model: "gpt-4o-mini" }),
      made(2, { model: "gpt-4o-mini" }, { model: "gpt-4o-mini" }),
    ];
    expect(await outcomes(yaml, [...others, made(3)])).to.deep.equal([0.0125, 0.000_75, "ai/b", "ai/b"]);
  });

  it("serves a cheaper model while a tier says so, and prices the recorded usage at it (L35)", async () => {
    const tiers =
      "tiers: [{remainingBelowPercent: 50, action: Downgrade, model: gpt-4o-mini}, {remainingBelowPercent: 20, action: Reject}]";
    const yaml = budget(`${perUser}, limit: {amount: "0.05", unit: USD}, ${tiers}`);
    const records = [0, 20, 40, 60, 80].map((second) => made(second));
    const { all } = await replayed(yaml, records);
    expect(all.map(({ downgradedTo, costNanoUsd }) => [downgradedTo, costNanoUsd])).to.deep.equal([
      [undefined, 12_500_000],
      [undefined, 12_500_000],
      [undefined, 12_500_000],
      ["gpt-4o-mini", 750_000],
      ["gpt-4o-mini", 750_000],
    ]);
    const rejecting = budget(
      `${perUser}, limit: {amount: "0.03", unit: USD}, tiers: [{remainingBelowPercent: 60, action: Reject}]`,
    );
    expect(await outcomes(rejecting, [made(0), made(20)])).to.deep.equal([0.0125, "ai/b"]);
  });

  it("lets requests wait for a budget, first come first served, and refuses those that wait too long (L35)", async () => {
    const queue = "tiers: [{remainingBelowPercent: 60, action: Queue, maxWaitSeconds: 8}]";
    const yaml = budget(`${perUser}, limit: {amount: "0.05", unit: USD}, ${queue}`);
    // the first holds 0.0225 until second 10, and 0.0125 of it stay: 75 % remain then
    const { all, report } = await replayed(yaml, [made(0), made(1), made(3), made(4)]);
    expect(all.map(({ refusedBy, doubts }) => [refusedBy, doubts.waited])).to.deep.equal([
      [undefined, undefined],
      ["ai/b", true],
      [undefined, true],
      ["ai/b", true],
    ]);
    expect(report.notes).to.include("Waiting for a budget: 3. In reality their clients may have given up.");
  });

  it("takes prices of the policy, by the place where each attempt was made", async () => {
    const prices = document(
      "tollgate.dev/v1alpha1",
      "PriceBook",
      "ai/ours",
      "{prices: [{models: [gpt-4o], perMillionTokens: {input: 1, output: 1}}]}",
    );
    expect(await outcomes(prices, [made(0)])).to.deep.equal([0.002]);
    const [attempt] = made(0).attempts;
    if (attempt === undefined) throw new Error("no attempt");
    const free = { ...attempt, backend: "ai/first", verdict: "free", usage: undefined, costNanoUsd: 0 } as const;
    const elsewhere = { ...attempt, provider: "anthropic", backend: "ai/claude", model: "claude-sonnet-4-20250514" };
    expect(await outcomes(prices, [made(0, { attempts: [free, elsewhere] })])).to.deep.equal([0.018]);
  });

  it("with routes matches budgets as requests meet them, and prices a downgrade at the backend that serves it", async () => {
    const route = (name: string, model: string, backend: string): string =>
      aiResource(
        "AIGatewayRoute",
        `ai/${name}`,
        `{rules: [{matches: [{headers: [{name: x-ai-eg-model, value: ${model}}]}], backendRefs: [{name: ${backend}}]}]}`,
      );
    const yaml =
      aiResource("AIBackend", "ai/one", "{provider: OpenAI}") +
      aiResource("AIBackend", "ai/two", "{provider: Anthropic, model: claude-sonnet-4-20250514}") +
      route("llm-route", "gpt-4o", "one") +
      route("cheap-route", "cheap", "two") +
      budget(
        `targetRefs: [{group: aigateway.envoyproxy.io, kind: AIGatewayRoute, name: llm-route}], ${perUser}, limit: {amount: "0.03", unit: USD}, tiers: [{remainingBelowPercent: 60, action: Downgrade, model: cheap}]`,
      );
    // claude: 3 in, 15 out; at most 3.75 for what is written to a cache
    expect(
      await outcomes(yaml, [made(0), made(20, { bound: { inputTokens: 100, outputTokens: 1_000 } })]),
    ).to.deep.equal([0.0125, "cheap"]);
    const { all, report } = await replayed(yaml, [
      made(0, { requestedModel: "other", model: "other", route: "ai/gone" }),
    ]);
    expect(all[0]).to.deep.include({ refusedBy: undefined, costNanoUsd: 12_500_000, doubts: { unserved: true } });
    expect(report.notes[0]).to.equal("Served by no route of the policy: 1. They pass as they were recorded.");
  });

  it("finds budgets by the recorded route when its other headers were not recorded", async () => {
    const yaml =
      aiResource("AIBackend", "ai/one", "{provider: OpenAI}") +
      aiResource(
        "AIGatewayRoute",
        "ai/llm-route",
        "{rules: [{matches: [{headers: [{name: x-tier, value: pro}]}], backendRefs: [{name: one}]}]}",
      ) +
      budget(`${perUser}, limit: {amount: "0.01", unit: USD}`);
    expect(await outcomes(yaml, [made(0), made(1, { route: "ai/other" })])).to.deep.equal(["ai/b", 0.0125]);
  });

  it("prices a downgrade that the policy has no backend for where the log's requests for that model went", async () => {
    const yaml = budget(
      `${perUser}, match: [{model: gpt-4o}], limit: {amount: "0.05", unit: USD}, tiers: [{remainingBelowPercent: 100, action: Downgrade, model: small}]`,
    );
    const small = made(
      0,
      { requestedModel: "small", model: "small" },
      { provider: "anthropic", backend: "ai/claude", model: "claude-3-haiku-20240307" },
    );
    const { all } = await replayed(yaml, [small, made(20), made(40)]);
    expect(all.map(({ costNanoUsd }) => costNanoUsd)).to.deep.equal([1_500_000, 12_500_000, 1_500_000]);
  });

  it("takes a stream that its budget cut off for what it used", async () => {
    const cut = made(0, { budgets: [makeBudgetRecord({ refused: true })], code: "budget_exceeded" });
    const { all, report } = await replayed(budget(`${perUser}, limit: {amount: "1", unit: USD}`), [cut]);
    expect(all[0]).to.deep.include({ costNanoUsd: 12_500_000, doubts: {} });
    expect(report.total.refused.recorded).to.equal(0);
  });

  describe("with rate limits", () => {
    const route =
      aiResource("AIBackend", "ai/one", "{provider: OpenAI}") +
      aiResource("AIGatewayRoute", "ai/llm-route", "{rules: [{backendRefs: [{name: one}]}]}");
    const limited = (rule: string): string =>
      route +
      policy(
        "ai/p",
        `{targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: llm-route}], rateLimit: {type: Global, global: {rules: [${rule}]}}}`,
      );
    const distinct = "clientSelectors: [{headers: [{name: x-user-id, type: Distinct}]}]";
    const tokens =
      "cost: {request: {from: Number, number: 0}, response: {from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: llm_total_token}}}";

    it("charges what requests used when they are over, and refuses above the limit (L12, L13)", async () => {
      const yaml = limited(`{${distinct}, limit: {requests: 3000, unit: Day}, ${tokens}}`);
      const bob = { identity: { "x-user-id": "bob" } };
      const records = [made(0), made(1), made(20), made(21, bob), made(86_400)];
      expect(await outcomes(yaml, records)).to.deep.equal([0.0125, 0.0125, "p rule 1", 0.0125, 0.0125]);
      expect(await outcomes(yaml, [made(0), made(20), made(40)])).to.deep.equal([0.0125, 0.0125, "p rule 1"]);
    });

    it("counts requests when they come, also in shadow, where none is refused", async () => {
      const rule = `${distinct}, limit: {requests: 2, unit: Hour}`;
      const records = [made(0), made(1), made(2)];
      expect(await outcomes(limited(`{${rule}}`), records)).to.deep.equal([0.0125, 0.0125, "p rule 1"]);
      expect(await outcomes(limited(`{${rule}, shadowMode: true}`), records)).to.deep.equal([0.0125, 0.0125, 0.0125]);
    });

    it("charges the upper bound of requests that were refused in reality", async () => {
      const yaml = limited(`{${distinct}, limit: {requests: 2500, unit: Day}, ${tokens}}`);
      expect(await outcomes(yaml, [made(0, refused), made(20)])).to.deep.equal([0.0225, "p rule 1"]);
    });

    it("releases what a budget held for a request that a limit refuses", async () => {
      const yaml =
        limited(`{${distinct}, limit: {requests: 1, unit: Minute}}`) +
        budget(`${perUser}, limit: {amount: "0.05", unit: USD}`);
      expect(await outcomes(yaml, [made(0), made(20), made(60)])).to.deep.equal([0.0125, "p rule 1", 0.0125]);
      expect(await outcomes(yaml, [made(0), made(1), made(2), made(60)])).to.deep.equal([
        0.0125,
        "p rule 1",
        "p rule 1",
        0.0125,
      ]);
    });

    it("says which limits it cannot replay, and whom they would go by", async () => {
      const yaml = limited(
        "{clientSelectors: [{path: {value: /v1}}], limit: {requests: 1, unit: Day}}, {clientSelectors: [{headers: [{name: x-org, type: Distinct}]}], limit: {requests: 1, unit: Day}}, {clientSelectors: [{headers: [{name: x-ai-eg-model, value: other}]}], limit: {requests: 1, unit: Day}}",
      );
      const { all, report } = await replayed(yaml, [made(0), made(20)]);
      expect(all.map(({ refusedBy }) => refusedBy)).to.deep.equal([undefined, undefined]);
      expect(report.notes.slice(0, 2)).to.deep.equal([
        "Path and address of requests are not recorded: not replayed are the limits p rule 1.",
        "No request has a recorded x-org: the limit p rule 2 goes by it and limits none of them.",
      ]);
      expect(report.notes).to.have.length(3);
    });
  });

  it("asks for what the dearest backend of the policy's rule may cost", async () => {
    const yaml =
      aiResource("AIBackend", "ai/one", "{provider: OpenAI}") +
      aiResource("AIBackend", "ai/two", "{provider: Anthropic, model: claude-opus-4-20250514}") +
      aiResource(
        "AIGatewayRoute",
        "ai/llm-route",
        "{rules: [{backendRefs: [{name: one, priority: 0}, {name: two, priority: 1}]}]}",
      ) +
      budget(`${perUser}, limit: {amount: "0.10", unit: USD}`);
    // at most $0.0225 at OpenAI and $0.18 with Opus
    expect(await outcomes(yaml, [made(0)])).to.deep.equal(["ai/b"]);
  });

  it("counts what was refused in reality as calls with their upper bound, and says so", async () => {
    const yaml = budget(`${perUser}, limit: {amount: "1", unit: USD}`);
    const records = [
      made(0, refused),
      made(20, { ...refused, bound: undefined }),
      made(40, { ...refused, code: "unknown_model" }),
    ];
    const { all, report } = await replayed(yaml, records);
    expect(all.map(({ costNanoUsd }) => costNanoUsd)).to.deep.equal([22_500_000, 0, 0]);
    expect(report.total.refused).to.deep.equal({ recorded: 2, replayed: 0 });
    expect(report.notes.slice(0, 3)).to.deep.equal([
      "Refused in reality, passing now: 1. Nobody knows what they would have used, so they count with their upper bound.",
      "Refused in reality, passing now, without a recorded upper bound: 1. They count as calls that cost nothing.",
      "Refused for what they were: 1. They are again: no budget changes that.",
    ]);
  });

  it("refuses models without a price where a budget says so, and says which (L30)", async () => {
    const own = (parts: Partial<RequestRecord> = {}) =>
      made(
        0,
        { requestedModel: "llama", model: "llama", ...parts },
        { provider: "vllm", backend: "ai/own", model: "llama" },
      );
    const limit = 'limit: {amount: "10", unit: USD}';
    const { all, report } = await replayed(budget(`${perUser}, ${limit}`), [own()]);
    expect(all[0]?.refusedBy).to.equal("ai/b (unknown price)");
    expect(report.notes[0]).to.equal("There is no price of llama: the dearest known rates stand for it.");
    expect((await outcomes(budget(`${perUser}, ${limit}, unknownPrice: WorstCase`), [own()]))[0]).to.be.above(0.01);
  });

  it("says which budgets it could not tell accounts apart for, and what it leaves out", async () => {
    const trusted = document("tollgate.dev/v1alpha1", "TollgateConfig", "t", "{identity: {trustedHeaders: [x-org]}}");
    const yaml =
      trusted + budget('subject: [{header: x-org}], window: {every: Day}, limit: {amount: "0.03", unit: USD}');
    const other = { identity: { "x-user-id": "bob" } };
    const { report } = await replayed(yaml, [made(0), made(20, other)]);
    expect(report.total.refused.replayed).to.equal(1);
    expect(report.notes[0]).to.equal(
      "No request has a recorded x-org: budget ai/b has one shared account for all of them.",
    );
  });

  it("has nothing to say of an empty log", async () => {
    const { report } = await replayed(budget(`${perUser}, limit: {amount: "1", unit: USD}`), []);
    expect(report).to.deep.include({ from: null, to: null, refused_by: {} });
    expect(report.total.calls).to.equal(0);
  });

  it("property: the same log gives the same report, and a Hard budget is never overspent by what fits its bounds (L31)", async () => {
    const yaml = budget(
      `${perUser}, limit: {amount: "0.1", unit: USD}, tiers: [{remainingBelowPercent: 30, action: Queue, maxWaitSeconds: 20}, {remainingBelowPercent: 60, action: Downgrade, model: gpt-4o-mini}]`,
    );
    const request = fc.record({
      second: fc.nat(100),
      durationMs: fc.nat(60_000),
      user: fc.constantFrom("alice", "bob"),
      wasRefused: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (drawn) => {
        const records = [...drawn]
          .sort((a, b) => a.second - b.second)
          .map(({ second, durationMs, user, wasRefused }, index) =>
            made(second, {
              session: `s${index}`,
              durationMs,
              identity: { "x-user-id": user },
              ...(wasRefused ? refused : {}),
            }),
          );
        const { all, report } = await replayed(yaml, records);
        expect((await replayed(yaml, records)).report).to.deep.equal(report);
        for (const user of ["alice", "bob"]) {
          const own = all.filter(({ record }) => record.identity["x-user-id"] === user);
          const spent = own.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0);
          expect(spent).to.be.at.most(100_000_000);
        }
      }),
      { numRuns: 60 },
    );
  });
});

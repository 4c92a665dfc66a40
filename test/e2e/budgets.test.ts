import { once } from "node:events";
import { expect } from "chai";
import { budgetYaml, receiptOf, settled, standingOf } from "../support/budget.ts";
import { type Answer, chat, hello, open } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

const yaml = [
  budgetYaml("cent", { amount: "0.01", more: ["match: [{model: gpt-4o}]"] }),
  budgetYaml("all-users", { amount: 100, subject: [], more: ["match: [{model: gpt-4o}]"] }),
  budgetYaml("tokens", { amount: 1_000, unit: "Tokens", more: ["match: [{model: gpt-4o-mini}]"] }),
  budgetYaml("points", {
    amount: 5_000,
    unit: "llm_points",
    subject: ["x-team-id"],
    enforcement: "Soft",
    more: ["match: [{header: x-team-id, value: engineering}]"],
  }),
  budgetYaml("shadow", { amount: "0.000001", enforcement: "Shadow" }),
  budgetYaml("unpriced", { amount: 1, more: ["match: [{model: unpriced-model}]"] }),
  budgetYaml("rolling", { amount: 1, window: "{rolling: 24h}", more: ["match: [{model: claude-sonnet-4-20250514}]"] }),
  policyYaml("one-call", [
    { requests: 0, selectors: ["x-user-id=limited"], cost: "{request: {from: Number, number: 1}}" },
  ]),
  `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: points, namespace: ai-services}
spec: {llmRequestCosts: [{metadataKey: llm_points, type: CEL, cel: "input_tokens + output_tokens * 10"}]}
`,
].join("---\n");

const route = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend", "anthropic-backend"],
  "gpt-4o-mini": ["openai-backend"],
  "unpriced-model": ["openai-backend"],
  "claude-sonnet-4-20250514": ["anthropic-backend"],
});

/** Output tokens that the client allows. */
const short = { max_completion_tokens: 100 };

describe("budgets", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld({ yaml, route });
  });
  after(() => world?.close());
  beforeEach(() => {
    world.openai.reset();
    world.anthropic.reset();
  });

  function ask(
    user: string | undefined,
    model: string,
    usage: string,
    more: { readonly body?: object; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    return chat(world.url, model, {
      headers: { ...(user === undefined ? {} : { "x-user-id": user }), "x-mock-usage": usage, ...more.headers },
      body: { ...short, ...more.body },
    });
  }

  it("hold the most that a request can cost, book what it cost, and refuse what may not fit (L30, L31)", async () => {
    // 40 × 2.50 + 60 × 10.00 = 700 micro-dollars; 100 output tokens and the input may cost more than 1,000
    const costs: (string | undefined)[] = [];
    let answer = await ask("ada", "gpt-4o", "40,60");
    for (; answer.status === 200; answer = await ask("ada", "gpt-4o", "40,60"))
      costs.push(answer.headers["x-ai-gateway-cost-usd"]);
    expect(costs.length).to.be.within(12, 13);
    expect(new Set(costs)).to.deep.equal(new Set(["0.0007"]));
    expect(answer.status).to.equal(429);
    const { spent, held, overrun } = await standingOf(world, "cent", "ada");
    expect({ spent, held, overrun }).to.deep.equal({
      spent: String(costs.length * 0.0007),
      held: "0.00",
      overrun: "0.00",
    });
    expect(world.openai.bill().total.requests).to.equal(costs.length);
  });

  it("explain a refusal: who, how much, until when, and what would pass instead (L36)", async () => {
    const answer = await ask("bob", "gpt-4o", "1,1", { body: { max_completion_tokens: 2_000 } });
    expect(answer.status).to.equal(429);
    const { error } = answer.json();
    expect(error).to.include({ code: "budget_exceeded", type: "rate_limit_error" });
    const { window, estimate, passes_at, ...told } = error.budget;
    expect(told).to.deep.equal({
      name: "ai-services/cent",
      account: "bob",
      unit: "USD",
      limit: "0.01",
      spent: "0.00",
      held: "0.00",
      remaining: "0.01",
      tier: null,
      cheaper_model: "gpt-4o-mini",
    });
    // 2,000 × 10.00 and the input
    expect(Number(estimate)).to.be.within(0.02, 0.021);
    expect(Date.parse(window.end) - Date.parse(window.start)).to.equal(86_400_000);
    // it needs more than there ever is
    expect(passes_at).to.equal(null);
    expect(error.message).to.match(/^budget ai-services\/cent, account bob: \$0\.00 of \$0\.01 is spent/);
    expect(error.message).to.contain("can never pass").and.contain("gpt-4o-mini would pass now");
    expect(world.openai.requests).to.deep.equal([]);
    const line = await world.access(({ error_type }) => error_type === "budget_exceeded");
    expect(line).to.include({ code: 429 });
    // all of a request's budgets hold, or none
    expect((await standingOf(world, "all-users", "*")).held).to.equal("0.00");
  });

  it("tell what an answer cost and what is left, on streams as they begin and in the receipt (L8, L37)", async () => {
    const answer = await ask("cay", "gpt-4o", "40,60");
    expect(answer.headers).to.include({
      "x-ai-gateway-cost-usd": "0.0007",
      "x-ai-gateway-budget-remaining": "0.0093;unit=USD;budget=ai-services/cent",
    });
    await settled(world, "cent", "cay");
    const stream = await ask("cay", "gpt-4o", "40,60", {
      body: { stream: true },
      headers: { "x-ai-gateway-receipt": "stream", "x-request-id": "cay-stream" },
    });
    const atStart = Number.parseFloat(stream.headers["x-ai-gateway-budget-remaining"] ?? "");
    expect(atStart).to.be.within(0.007, 0.0083);
    const [, receipt = "{}"] = /: tollgate (\{.*\})/.exec(stream.text) ?? [];
    expect(JSON.parse(receipt)).to.deep.equal({
      tokens_used: 100,
      cost_usd: "0.0007",
      budget_remaining: "0.0086;unit=USD;budget=ai-services/cent",
    });
    const kept = await receiptOf(world, "cay-stream");
    expect(kept).to.include({ outcome: "completed", cost_usd: "0.0007", model_used: "gpt-4o" });
    expect(kept.attempts.map(({ verdict, cost_usd }) => [verdict, cost_usd])).to.deep.equal([["billed", "0.0007"]]);
    expect(kept.budgets.find(({ name }) => name === "ai-services/cent")).to.include({
      spent: "0.0007",
      account: "cay",
    });
  });

  it("count tokens, and values of a cost rule", async () => {
    const long = { body: { max_completion_tokens: 900 } };
    expect((await ask("dan", "gpt-4o-mini", "20,880", long)).status).to.equal(200);
    expect(await settled(world, "tokens", "dan")).to.include({ spent: 900, remaining: 100 });
    expect((await ask("dan", "gpt-4o-mini", "1,1")).json().error.budget).to.include({ unit: "Tokens", remaining: 100 });
    await ask("eve", "gpt-4o-mini", "5,30", { headers: { "x-team-id": "engineering" } });
    expect(await settled(world, "points", "engineering")).to.include({ spent: 305 });
  });

  it("send a maximum of output tokens along where the client named none, and say so (L31)", async () => {
    const answer = await chat(world.url, "gpt-4o", { headers: { "x-user-id": "rich", "x-mock-usage": "1,1" } });
    // 16,384 × 10.00 do not fit into a cent
    expect(answer.status).to.equal(429);
    const cheap = await chat(world.url, "claude-sonnet-4-20250514", {
      headers: { "x-user-id": "fay", "x-mock-usage": "1,1" },
    });
    expect(cheap.headers["x-ai-gateway-warnings"]).to.contain("max_tokens_defaulted");
    const bounded = await ask("fay", "gpt-4o", "1,1");
    expect(bounded.headers).not.to.have.property("x-ai-gateway-warnings");
    expect(JSON.parse(String(world.openai.requests.at(-1)?.body))).to.include({ max_completion_tokens: 100 });
  });

  it("count those who name no account together, never nobody (L38)", async () => {
    await ask(undefined, "gpt-4o", "40,60");
    await ask(undefined, "gpt-4o", "40,60", { headers: { "x-user-id": "" } });
    expect(await settled(world, "cent", "-")).to.include({ spent: "0.0014" });
    const twice = await fetch(`${world.url}/v1/chat/completions`, {
      method: "POST",
      headers: [
        ["x-ai-eg-model", "gpt-4o"],
        ["x-user-id", "gil"],
      ],
      body: JSON.stringify({ ...hello, ...short }),
    });
    expect(twice.status).to.equal(200);
    // a dash that somebody sends is not the account of those who send nothing
    expect((await ask("-", "gpt-4o", "40,60")).status).to.equal(200);
    expect(await settled(world, "cent", "%2D")).to.include({ spent: "0.0007" });
  });

  it("in shadow refuse nobody, and count those they would have refused", async () => {
    expect((await ask("hal", "gpt-4o", "40,60")).status).to.equal(200);
    expect(await settled(world, "shadow", "hal")).to.include({ spent: "0.0007" });
    expect(await world.gateway.metrics.render()).to.match(
      /tollgate_budget_shadow_refusals_total\{budget="ai-services\/shadow"\} [1-9]/,
    );
  });

  it("that are Soft refuse only what is asked for above the limit, and book whatever is spent", async () => {
    const team = { "x-team-id": "engineering", "x-user-id": "ivy" };
    // asks for less than 5,000 points, and costs 9,000
    const dear = await ask("ivy", "gpt-4o-mini", "0,900", { headers: team });
    expect(dear.status).to.equal(200);
    const report = await settled(world, "points", "engineering");
    expect(Number(report.spent)).to.be.at.least(9_000);
    const refused = await ask("ivy", "claude-sonnet-4-20250514", "1,1", { headers: team });
    expect(refused.json().error.budget).to.include({ name: "ai-services/points", unit: "llm_points" });
  });

  it("refuse a model without a price where they count dollars, with a clear 400 (L30)", async () => {
    const answer = await ask("joe", "unpriced-model", "1,1");
    expect(answer.status).to.equal(400);
    expect(answer.json().error).to.include({ code: "unknown_price", param: "model" });
    expect(answer.json().error.message).to.contain("unpriced-model").and.contain("PriceBook");
  });

  it("release everything when a limit refuses the request: nothing is spent (L32)", async () => {
    const answer = await ask("limited", "gpt-4o", "40,60");
    expect(answer.json().error.code).to.equal("token_budget_exceeded");
    expect(await settled(world, "cent", "limited")).to.include({ spent: "0.00", overrun: "0.00" });
  });

  it("book a provider's error at nothing, and its fallback at what that costs (L32, L33)", async () => {
    const failed = await ask("kim", "claude-sonnet-4-20250514", "40,60", { headers: { "x-mock-fault": "500" } });
    expect(failed.status).to.equal(500);
    expect(await settled(world, "rolling", "kim")).to.include({ spent: "0.00" });
    const answer = await ask("kim", "gpt-4o", "40,60", {
      headers: { "x-mock-fault": "openai=500", "x-request-id": "kim-fallback" },
    });
    expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
    // 40 × 3 + 60 × 15
    expect(await settled(world, "cent", "kim")).to.include({ spent: "0.00102" });
    const { attempts } = await receiptOf(world, "kim-fallback");
    expect(attempts.map(({ backend, verdict }) => [backend, verdict])).to.deep.equal([
      ["ai-services/openai-backend", "free"],
      ["ai-services/anthropic-backend", "billed"],
    ]);
  });

  it("pay for an attempt of which nobody knows what it cost, before another one is made (L33)", async () => {
    const answer = await ask("lea", "gpt-4o", "40,60", {
      headers: { "x-mock-fault": "openai=reset", "x-request-id": "lea-reset" },
    });
    expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
    const { attempts, budgets } = await receiptOf(world, "lea-reset");
    expect(attempts.map(({ verdict }) => verdict)).to.deep.equal(["unknown", "billed"]);
    const paid = budgets.find(({ name }) => name === "ai-services/cent");
    // 100 × 10.00 and the input at most for the first, 1,020 for the second
    expect(Number(paid?.spent)).to.be.within(0.00202, 0.0028);
    // of 6,000 micro-dollars for one attempt there are not enough for two
    const dear = await ask("mia", "gpt-4o", "40,60", {
      body: { max_completion_tokens: 500 },
      headers: { "x-mock-fault": "openai=reset", "x-request-id": "mia-reset" },
    });
    expect(dear.status).to.equal(429);
    expect(dear.json().error.budget).to.include({ name: "ai-services/cent", account: "mia" });
    expect(dear.json().error.message).to.match(/a further attempt may need up to \$0\.\d+ more$/);
    expect(world.anthropic.requests.filter(({ headers }) => headers["x-request-id"] === "mia-reset")).to.deep.equal([]);
    const mia = await settled(world, "cent", "mia");
    expect(Number(mia.spent)).to.be.within(0.005, 0.006);
  });

  it("leave a backend out of the plan that costs more than remains, while another one does not (§0)", async () => {
    // 600 × 10.00 fits into a cent, 600 × 15.00 and the input does as well; 900 × 15.00 does not
    const answer = await ask("ned", "gpt-4o", "40,60", {
      body: { max_completion_tokens: 900 },
      headers: { "x-mock-fault": "openai=500" },
    });
    expect(answer.status).to.equal(500);
    expect(world.anthropic.requests).to.deep.equal([]);
  });

  it("pay for a stream that its client leaves at most what came of it, and release the rest (L32)", async () => {
    const { request, response } = open(world.url, {
      headers: {
        "x-ai-eg-model": "gpt-4o",
        "x-user-id": "oda",
        "x-request-id": "oda-leaves",
        "x-mock-text": "word ".repeat(400),
        "x-mock-chunks": "100",
        "x-mock-chunk-delay": "10",
      },
      body: { ...hello, stream: true, max_completion_tokens: 600 },
    });
    const incoming = await response;
    await once(incoming, "data");
    request.destroy();
    await until("the provider's stream to be cancelled", () => world.openai.requests[0]?.aborted === true);
    const { spent } = await settled(world, "cent", "oda");
    const billed = world.openai.bill().total;
    const bill = (billed.input * 2.5 + billed.output * 10) / 1e6;
    expect(Number(spent)).to.be.at.least(bill).and.lessThan(0.006);
    expect(await receiptOf(world, "oda-leaves")).to.deep.include({ outcome: "aborted" });
  });

  it("never hold or spend more than their limit, however many ask at once (L31)", async () => {
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) => ask("pat", "gpt-4o", "40,60", { body: { stream: index % 2 === 0 } })),
    );
    const served = answers.filter(({ status }) => status === 200).length;
    expect(answers.filter(({ status }) => status !== 200 && status !== 429)).to.deep.equal([]);
    const { spent, overrun } = await settled(world, "cent", "pat");
    expect(served).to.be.within(5, 14);
    expect(Number(spent))
      .to.be.closeTo(served * 0.0007, 1e-12)
      .and.at.most(0.01);
    expect(overrun).to.equal("0.00");
  });

  it("book what a provider bills beyond its hold as overrun, once, with a metric (L31)", async () => {
    await ask("quinn", "gpt-4o", "40,400");
    const { spent, overrun } = await settled(world, "cent", "quinn");
    expect(Number(spent) + Number(overrun)).to.be.closeTo(0.0041, 1e-12);
    expect(Number(overrun)).to.be.greaterThan(0.002);
    expect(await world.gateway.metrics.render()).to.match(
      /tollgate_budget_overruns_total\{budget="ai-services\/cent"\} 1/,
    );
  });
});

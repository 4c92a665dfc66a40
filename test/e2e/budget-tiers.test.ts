import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import { budgetYaml, receiptOf, settled, standingOf } from "../support/budget.ts";
import { type Answer, chat, hello, open } from "../support/client.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

const yaml = [
  budgetYaml("tiers", {
    amount: 1_000,
    unit: "Tokens",
    more: [
      "match: [{model: gpt-4o}]",
      "tiers: [{remainingBelowPercent: 50, action: Downgrade, model: gpt-4o-mini}, {remainingBelowPercent: 20, action: Reject}]",
    ],
  }),
  budgetYaml("small-model", { amount: 10_000, unit: "Tokens", more: ["match: [{model: gpt-4o-mini}]"] }),
  budgetYaml("queue", {
    amount: 1_000,
    unit: "Tokens",
    more: [
      "match: [{model: claude-sonnet-4-20250514}]",
      "tiers: [{remainingBelowPercent: 60, action: Queue, maxWaitSeconds: 2}]",
    ],
  }),
].join("---\n");

const route = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend"],
  "gpt-4o-mini": ["openai-backend"],
  "claude-sonnet-4-20250514": ["anthropic-backend"],
});

/** What the mock charges so that a request costs so many tokens, all of them within what was held. */
const cost = (tokens: number) => ({
  headers: { "x-mock-usage": `1,${tokens - 1}` },
  body: { max_completion_tokens: tokens },
});

describe("tiers of budgets", function () {
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

  function ask(user: string, model: string, tokens: number): Promise<Answer> {
    const { headers, body } = cost(tokens);
    return chat(world.url, model, { headers: { ...headers, "x-user-id": user }, body });
  }

  it("downgrade below a threshold, and say so; the budgets of both models pay (L35)", async () => {
    const first = await ask("ada", "gpt-4o", 450);
    expect(first.headers).to.include({ "x-ai-model": "gpt-4o" });
    expect(await settled(world, "tiers", "ada")).to.include({ spent: 450, tier: null });
    const second = await ask("ada", "gpt-4o", 200);
    // above 50 % when it came
    expect(second.headers).to.include({ "x-ai-model": "gpt-4o" });
    expect(await settled(world, "tiers", "ada")).to.deep.include({ spent: 650 });
    const third = await ask("ada", "gpt-4o", 100);
    expect(third.status).to.equal(200);
    expect(third.headers).to.include({ "x-ai-model": "gpt-4o-mini" });
    expect(third.headers["x-ai-gateway-warnings"]).to.contain("model_downgraded");
    expect(JSON.parse(String(world.openai.requests.at(-1)?.body))).to.include({ model: "gpt-4o-mini" });
    expect(await settled(world, "tiers", "ada")).to.include({ spent: 750 });
    expect(await settled(world, "small-model", "ada")).to.include({ spent: 100 });
  });

  it("reject below the lowest threshold, with the tier in the explanation (L35, L36)", async () => {
    await ask("ada", "gpt-4o", 100);
    await settled(world, "tiers", "ada");
    const answer = await ask("ada", "gpt-4o", 10);
    expect(answer.status).to.equal(429);
    const { error } = answer.json();
    expect(error).to.include({ code: "budget_exceeded" });
    expect(error.budget).to.deep.include({
      name: "ai-services/tiers",
      spent: 850,
      tier: { remaining_below_percent: 20, action: "Reject" },
      estimate: null,
    });
    expect(error.budget.passes_at).to.equal(error.budget.window.end);
    expect(error.message).to.contain("less than 20 % remains");
    // the small model's own budget is another one
    expect((await ask("ada", "gpt-4o-mini", 10)).status).to.equal(200);
  });

  it("confirm the tier while they reserve: of many at once none is served by a tier that others have used up (L35)", async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => ask("bob", "gpt-4o", 60)));
    const models = answers.map(({ status, headers }) => (status === 200 ? headers["x-ai-model"] : status));
    const { spent } = await settled(world, "tiers", "bob");
    const count = (what: string | number): number => models.filter((model) => model === what).length;
    expect(count("gpt-4o") * 60 + count("gpt-4o-mini") * 60).to.equal(spent);
    expect(count("gpt-4o")).to.be.within(5, 9);
    expect(count("gpt-4o-mini")).to.be.greaterThan(0);
    expect(count(429)).to.be.greaterThan(0);
    expect(count("gpt-4o") + count("gpt-4o-mini") + count(429)).to.equal(24);
    // what is served last begins with a fifth of the budget left at least
    expect(Number(spent)).to.be.at.most(860);
  });

  /** A stream that holds half of the budget until it is told to end by its client. */
  async function holdHalf(user: string): Promise<{ readonly leave: () => void }> {
    const { request, response } = open(world.url, {
      headers: {
        "x-ai-eg-model": "claude-sonnet-4-20250514",
        "x-user-id": user,
        "x-request-id": `holder-of-${user}`,
        "x-mock-chunks": "1000",
        "x-mock-text": "a".repeat(1000),
        "x-mock-chunk-delay": "20",
      },
      body: { ...hello, stream: true, max_completion_tokens: 500 },
    });
    const incoming: IncomingMessage = await response;
    await once(incoming, "data");
    incoming.resume();
    return { leave: () => request.destroy() };
  }

  it("queue while others hold too much, and let pass when they release it (L35)", async () => {
    const holder = await holdHalf("cay");
    const waiting = ask("cay", "claude-sonnet-4-20250514", 20);
    await until("the second request to have arrived", () => world.gateway.sessions.size === 2);
    const winner = await Promise.race([
      waiting.then(() => "answered"),
      standingOf(world, "queue", "cay").then(() => "waits"),
    ]);
    expect(winner).to.equal("waits");
    holder.leave();
    expect((await waiting).status).to.equal(200);
  });

  it("refuse who waited in vain, after the time that the tier says (L35)", async () => {
    const holder = await holdHalf("dan");
    const began = Date.now();
    const answer = await ask("dan", "claude-sonnet-4-20250514", 20);
    expect(answer.status).to.equal(429);
    expect(Date.now() - began).to.be.at.least(2_000);
    expect(answer.json().error.budget.tier).to.deep.equal({ remaining_below_percent: 60, action: "Queue" });
    expect(answer.json().error.message).to.contain("within 2 s");
    holder.leave();
    await settled(world, "queue", "dan");
  });

  it("forget who leaves while it waits: it is sent nowhere, books nothing and blocks nobody (L32, L35)", async () => {
    const holder = await holdHalf("fay");
    const { headers, body } = cost(20);
    const left = open(world.url, {
      headers: { ...headers, "x-ai-eg-model": "claude-sonnet-4-20250514", "x-user-id": "fay", "x-request-id": "left" },
      body: { ...hello, ...body },
    });
    left.response.catch(() => undefined);
    await until("the second request to have arrived", () => world.gateway.sessions.size === 2);
    const waiting = ask("fay", "claude-sonnet-4-20250514", 20);
    await until("the third request to have arrived", () => world.gateway.sessions.size === 3);
    left.request.destroy();
    await until("the second request to be over", () => world.gateway.sessions.size === 2);
    holder.leave();
    expect((await waiting).status).to.equal(200);
    expect(await receiptOf(world, "left")).to.deep.include({ outcome: "aborted", attempts: [] });
    const { budgets } = await receiptOf(world, "holder-of-fay");
    expect(await settled(world, "queue", "fay")).to.include({ spent: Number(budgets[0]?.spent) + 20 });
  });

  it("let those who wait pass in the order in which they came (L35)", async () => {
    const holder = await holdHalf("eve");
    const order: string[] = [];
    const waiting: Promise<unknown>[] = [];
    for (const name of ["first", "second", "third"]) {
      const { headers, body } = cost(20);
      const asked = chat(world.url, "claude-sonnet-4-20250514", {
        headers: { ...headers, "x-user-id": "eve", "x-request-id": name },
        body,
      });
      waiting.push(asked.then(() => order.push(name)));
      await until(`${name} to have arrived`, () => world.gateway.sessions.size === waiting.length + 1);
    }
    holder.leave();
    await Promise.all(waiting);
    const arrived = world.anthropic.requests.flatMap(({ headers }) => headers["x-request-id"] ?? []);
    expect(arrived.filter((name) => !name.startsWith("holder"))).to.deep.equal(["first", "second", "third"]);
  });
});

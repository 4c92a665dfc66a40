import { once } from "node:events";
import { expect } from "chai";
import OpenAI from "openai";
import { budgetYaml, receiptOf, settled } from "../support/budget.ts";
import { chat, hello, open } from "../support/client.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

const yaml = [
  budgetYaml("tokens", { amount: 1_000, unit: "Tokens" }),
  budgetYaml("cent", {
    amount: "0.01",
    subject: ["x-team-id"],
    more: ["match: [{header: x-team-id, value: dollars}]"],
  }),
].join("---\n");

const route = routeYaml("llm-route", {
  "gpt-4o": ["openai-backend"],
  "gpt-4o-mini": ["openai-backend", "anthropic-backend"],
  "o3-mini": ["openai-backend"],
  "claude-sonnet-4-20250514": ["anthropic-backend"],
});

/** 4,000 bytes in 100 pieces: what 1,000 tokens of English take. */
const long = { "x-mock-text": "word ".repeat(800), "x-mock-chunks": "100", "x-mock-chunk-delay": "5" };

describe("a stream whose budget ends in its middle", function () {
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

  for (const [model, provider] of [
    ["gpt-4o", "openai"],
    ["claude-sonnet-4-20250514", "anthropic"],
  ] as const) {
    it(`begins with what remains, ends with usage, a notice and finish_reason "length", and its provider is told to stop: ${provider} (L34)`, async () => {
      const user = `ada-${provider}`;
      const answer = await chat(world.url, model, {
        headers: { ...long, "x-user-id": user, "x-request-id": user },
        body: { stream: true, max_completion_tokens: 2_000 },
      });
      expect(answer.status).to.equal(200);
      expect(answer.text).to.match(/data: \[DONE\]\n\n$/);
      const last = answer.events().at(-1);
      expect(last.choices).to.deep.equal([{ index: 0, delta: {}, finish_reason: "length" }]);
      expect(last.tollgate).to.include({ code: "budget_exceeded" });
      expect(last.tollgate.message).to.match(
        /is spent and .* held; the answer has used what could be held for it, and ends here$/,
      );
      expect(last.tollgate.budget).to.include({ name: "ai-services/tokens", account: user });
      expect(last.usage.total_tokens).to.be.greaterThan(100);
      await until("the provider's stream to be cancelled", () => world[provider].requests[0]?.aborted === true);
      const { spent, overrun, remaining } = await settled(world, "tokens", user);
      const { total } = world[provider].bill().total;
      // every byte counts as a token here, so a piece that Envoy made of several may be booked beyond the hold
      expect(Number(spent)).to.be.at.most(1_000);
      expect(Number(spent) + Number(overrun)).to.be.at.least(total);
      expect(total).to.be.at.most(1_000);
      expect(Number(remaining)).to.be.lessThan(200);
      const receipt = await receiptOf(world, user);
      expect(receipt).to.include({ outcome: "failed", code: "budget_exceeded", message: last.tollgate.message });
      expect(receipt.attempts[0]).to.include({ verdict: "unknown", usage_estimated: true });
    });
  }

  it("is cut off by a budget in dollars as well, and tells so in the receipt that the client asked for (L34, L37)", async () => {
    const answer = await chat(world.url, "gpt-4o", {
      headers: { ...long, "x-user-id": "bob", "x-team-id": "dollars", "x-ai-gateway-receipt": "stream" },
      body: { stream: true, max_completion_tokens: 2_000 },
    });
    expect(answer.text).to.contain('"code":"budget_exceeded"');
    expect(answer.text).to.match(
      /: tollgate \{"tokens_used":\d+,"cost_usd":"0\.\d+","budget_remaining":"[^"]+"\}\n\ndata: \[DONE\]/,
    );
  });

  it("is not begun when not even a short answer can be paid (L34)", async () => {
    await chat(world.url, "gpt-4o", {
      headers: { "x-user-id": "cay", "x-mock-usage": "20,800" },
      body: { max_completion_tokens: 850 },
    });
    await settled(world, "tokens", "cay");
    const answer = await chat(world.url, "gpt-4o", { headers: { "x-user-id": "cay" }, body: { stream: true } });
    expect(answer.status).to.equal(429);
    const short = await chat(world.url, "gpt-4o", {
      headers: { "x-user-id": "cay" },
      body: { stream: true, max_completion_tokens: 20 },
    });
    expect(short.status).to.equal(200);
  });

  it("ends every answer in it, where the client asked for several (L34)", async () => {
    const answer = await chat(world.url, "gpt-4o", {
      headers: { ...long, "x-user-id": "fay" },
      body: { stream: true, max_completion_tokens: 2_000, n: 3 },
    });
    expect(answer.events().at(-1).choices).to.deep.equal(
      [0, 1, 2].map((index) => ({ index, delta: {}, finish_reason: "length" })),
    );
    expect(answer.text).to.match(/data: \[DONE\]\n\n$/);
  });

  it("is not cut off after its end, and is booked at what its provider told (L34)", async () => {
    const answer = await chat(world.url, "gpt-4o", {
      // its bytes are more than what is held, and come with the end of the stream in one piece
      headers: {
        "x-user-id": "gil",
        "x-mock-text": "word ".repeat(400),
        "x-mock-chunks": "1",
        "x-mock-split": "100000",
      },
      body: { stream: true, max_completion_tokens: 2_000 },
    });
    expect(answer.text.match(/\[DONE\]/g)).to.have.length(1);
    expect(answer.text).not.to.contain("tollgate");
    const { total } = world.openai.bill().total;
    expect(await settled(world, "tokens", "gil")).to.include({ spent: total, overrun: 0 });
  });

  it("goes on at the next backend when the first cannot serve it (L33, L34)", async () => {
    const answer = await chat(world.url, "gpt-4o-mini", {
      headers: { "x-user-id": "hal", "x-mock-fault": "openai=500" },
      body: { stream: true, max_completion_tokens: 2_000 },
    });
    expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
    expect(answer.text).to.contain("[DONE]");
  });

  for (const fault of [
    "error-mid",
    "error-then-more",
    "truncate",
    "reset-mid",
    "broken-json",
    "html",
    "headers-only",
  ]) {
    it(`ends as every other stream when its provider breaks it (${fault}), and is settled (L32, L34)`, async () => {
      const user = `kim-${fault}`;
      const { request, response } = open(world.url, {
        headers: { ...long, "x-ai-eg-model": "gpt-4o", "x-user-id": user, "x-mock-fault": fault },
        body: { ...hello, stream: true, max_completion_tokens: 2_000 },
      });
      const incoming = await response;
      await new Promise((resolve) => incoming.resume().once("close", resolve));
      request.destroy();
      const { spent, overrun } = await settled(world, "tokens", user);
      expect(Number(spent) + Number(overrun)).to.be.at.least(world.openai.bill().total.total);
    });
  }

  describe("of a model that thinks without showing it", () => {
    it("is not begun with less than it may cost: nobody would see when the budget ends (L31, L34)", async () => {
      const answer = await chat(world.url, "o3-mini", {
        headers: { ...long, "x-user-id": "ivy" },
        body: { stream: true, max_completion_tokens: 2_000 },
      });
      expect(answer.status).to.equal(429);
    });

    it("is paid whole when its client leaves before it was told what it cost (L31, L32)", async () => {
      const { request, response } = open(world.url, {
        headers: { ...long, "x-ai-eg-model": "o3-mini", "x-user-id": "joe" },
        body: { ...hello, stream: true, max_completion_tokens: 600 },
      });
      await once(await response, "data");
      request.destroy();
      expect(Number((await settled(world, "tokens", "joe")).spent)).to.be.within(600, 700);
    });
  });

  it("JSON answers hold everything, so that nothing has to be cut (L31)", async () => {
    const answer = await chat(world.url, "gpt-4o", {
      headers: { "x-user-id": "dan" },
      body: { max_completion_tokens: 2_000 },
    });
    expect(answer.status).to.equal(429);
  });

  it("is understood by OpenAI's own client: an answer that ended for its length (L34)", async () => {
    const client = new OpenAI({ apiKey: "unused", baseURL: `${world.url}/v1`, maxRetries: 0 });
    const stream = client.chat.completions.stream(
      {
        ...(hello as { messages: OpenAI.ChatCompletionMessageParam[] }),
        model: "gpt-4o",
        max_completion_tokens: 2_000,
      },
      { headers: { ...long, "x-user-id": "eve" } },
    );
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.finish_reason).to.equal("length");
    expect(completion.choices[0]?.message.content).to.match(/^word word/);
    const refused = await client.chat.completions
      .create(
        {
          ...(hello as { messages: OpenAI.ChatCompletionMessageParam[] }),
          model: "gpt-4o",
          max_completion_tokens: 2_000,
        },
        { headers: { "x-user-id": "eve" } },
      )
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(refused).to.be.instanceOf(OpenAI.RateLimitError);
    expect((refused as InstanceType<typeof OpenAI.RateLimitError>).code).to.equal("budget_exceeded");
  });
});

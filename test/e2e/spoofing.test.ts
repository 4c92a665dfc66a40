import { expect } from "chai";
import { chat, hello, open, send } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { startWorld, type World } from "../support/world.ts";

describe("what a client may not decide", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld({ yaml: policyYaml("users", [{ requests: 10_000, selectors: ["x-user-id"] }]) });
  });
  after(() => world?.close());
  beforeEach(() => {
    for (const mock of [world.openai, world.anthropic]) mock.reset();
  });

  const spoofed = {
    "x-tollgate-backend": "ai-services/anthropic-backend",
    "x-tollgate-route": "ai-services/llm-route/other",
    "x-tollgate-session": "00000000000000000000000000000000",
    "x-tollgate-stream": "1",
    "x-tollgate-account": "v1|5:grace",
    "x-tollgate-tombstone": "1",
    "x-ai-eg-internal": "1",
    "x-ai-eg-internal-account": "v1|5:grace",
    "x-ai-eg-original-path": "/v1/messages",
    "x-aigw-api-key": "stolen",
    "x-envoy-attempt-count": "7",
    "x-envoy-max-retries": "0",
    "x-envoy-retry-on": "5xx",
    "x-envoy-upstream-rq-timeout-ms": "1",
    "x-envoy-upstream-rq-per-try-timeout-ms": "1",
    "x-envoy-hedge-on-per-try-timeout": "true",
    "x-envoy-original-path": "/v1/messages",
  };

  it("internal headers change nothing and reach nobody", async () => {
    const answer = await chat(world.url, "gpt-4o", {
      headers: { ...spoofed, "x-user-id": "ada", "x-mock-usage": "60,40", "x-mock-delay": "50" },
    });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers).to.include({ "x-ai-provider": "openai", "x-ai-attempts": "1" });
    expect(world.anthropic.requests).to.have.length(0);
    const [received] = world.openai.requests;
    expect(received?.path).to.equal("/v1/chat/completions");
    for (const [name, value] of Object.entries(spoofed)) expect(received?.headers[name], name).to.not.equal(value);
    const left = Object.keys(received?.headers ?? {}).filter((name) => /^x-(?:tollgate|ai-eg|aigw|envoy)-/.test(name));
    expect(left).to.deep.equal(["x-tollgate-session"]);
    const line = await world.requestLog((candidate) => candidate["x-user-id"] === "ada");
    expect(line["session"])
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.to.equal(spoofed["x-tollgate-session"]);
  });

  it("a fallback happens though the client forbids retries", async () => {
    const answer = await chat(world.url, "gpt-4o", { headers: { ...spoofed, "x-mock-fault": "openai=500" } });
    expect(answer.headers).to.include({ "x-ai-provider": "anthropic", "x-ai-attempts": "2" });
    expect(world.anthropic.requests[0]?.path).to.equal("/v1/messages");
  });

  it("another user's account cannot be named in any internal header", async () => {
    const remaining = async (user: string): Promise<number> => {
      const { headers } = await chat(world.url, "gpt-4o", { headers: { "x-user-id": user, "x-mock-usage": "0,0" } });
      return Number(headers["x-ratelimit-remaining"]);
    };
    expect(await remaining("grace")).to.equal(10_000);
    await chat(world.url, "gpt-4o", { headers: { ...spoofed, "x-user-id": "mallory", "x-mock-usage": "500,0" } });
    expect(await remaining("grace")).to.equal(10_000);
    expect(await remaining("mallory")).to.equal(9_500);
  });

  it("an identity header that is sent twice is refused: it could name two accounts", async () => {
    const answer = await send(world.url, {
      headers: { "x-ai-eg-model": "gpt-4o" },
      body: hello,
    });
    expect(answer.status).to.equal(200);
    const { response } = open(world.url, {
      headers: { "x-ai-eg-model": "gpt-4o", "x-user-id": ["ada", "grace"] as unknown as string },
      body: hello,
    });
    expect((await response).statusCode).to.equal(400);
  });

  it("clients that send the same x-request-id never see each other's answers", async () => {
    const texts = Array.from({ length: 40 }, (_, index) => `answer-${index}`);
    const answers = await Promise.all(
      texts.map((text, index) =>
        chat(world.url, "gpt-4o", {
          headers: {
            "x-request-id": "the-same-for-all",
            "x-mock-text": text,
            "x-mock-delay": "30",
            "x-user-id": `same-id-${index}`,
            "x-mock-usage": `${index},1`,
            ...(index % 2 === 0 ? { "x-mock-fault": "openai=429" } : {}),
          },
          body: { messages: [{ role: "user", content: `question ${text}` }] },
        }),
      ),
    );
    for (const [index, answer] of answers.entries()) {
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.json().choices[0].message.content).to.equal(`answer-${index}`);
      expect(answer.headers["x-request-id"]).to.equal("the-same-for-all");
      const { headers } = await chat(world.url, "gpt-4o", {
        headers: { "x-user-id": `same-id-${index}`, "x-mock-usage": "0,0" },
      });
      expect(Number(headers["x-ratelimit-remaining"])).to.equal(10_000 - index - 1);
    }
    // the fallbacks translated each its own client's body
    const translated = world.anthropic.requests.map(
      ({ body }) => JSON.parse(body.toString()).messages[0].content[0].text,
    );
    expect(translated.sort()).to.deep.equal(
      texts
        .filter((_, index) => index % 2 === 0)
        .map((text) => `question ${text}`)
        .sort(),
    );
  });

  it("a client's x-forwarded-for is not believed, nor passed on", async () => {
    await chat(world.url, "gpt-4o", { headers: { "x-forwarded-for": "10.9.8.7" } });
    expect(JSON.stringify(world.openai.requests[0]?.headers)).not.to.contain("10.9.8.7");
  });
});

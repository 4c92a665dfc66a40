import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { chat, hello, send } from "../support/client.ts";
import { type Stack, startStack } from "../support/stack.ts";

const folder = "envoy/resources/tutorial";
const keys = { OPENAI_API_KEY: "sk-tutorial-openai", ANTHROPIC_API_KEY: "sk-tutorial-anthropic" };

/** The tutorial's resources as they stand; only the providers' addresses are the mocks'. */
async function startTutorial(
  files: readonly string[],
): Promise<Stack & { openai: RunningMock; anthropic: RunningMock }> {
  const openai = await startMock({ provider: "OpenAI", apiKey: keys.OPENAI_API_KEY });
  const anthropic = await startMock({ provider: "Anthropic", apiKey: keys.ANTHROPIC_API_KEY });
  const mock = (name: string, provider: string, { port }: RunningMock): string => `
apiVersion: tollgate.dev/v1alpha1
kind: MockBackend
metadata: {name: ${name}, namespace: ai-services}
spec: {provider: ${provider}, address: "127.0.0.1:${port}"}
`;
  const closeMocks = async (): Promise<void> => {
    await Promise.all([openai.close(), anthropic.close()]);
  };
  try {
    const stack = await startStack({
      paths: ["00-credentials", "00-llm-route", "06-backends", ...files].map((name) => `${folder}/${name}.yaml`),
      yaml: `${mock("openai-backend", "OpenAI", openai)}---${mock("anthropic-backend", "Anthropic", anthropic)}`,
      env: keys,
    });
    return {
      ...stack,
      openai,
      anthropic,
      close: async () => {
        await stack.close();
        await closeMocks();
      },
    };
  } catch (error) {
    await closeMocks();
    throw error;
  }
}

describe("the tutorial, step by step, through a real Envoy", function () {
  this.timeout(120_000);
  let tutorial: Awaited<ReturnType<typeof startTutorial>>;
  afterEach(() => tutorial?.close());

  it("unified API: the curl without a model in the body gets an OpenAI answer, and the provider a gpt-4o", async () => {
    tutorial = await startTutorial([]);
    const answer = await send(tutorial.url, {
      headers: { "x-user-id": "user123", "x-ai-eg-model": "gpt-4o" },
      body: '{"messages": [{"role": "user", "content": "Hello"}]}',
    });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json()).to.include({ object: "chat.completion", model: "gpt-4o" });
    expect(answer.headers["x-ai-provider"]).to.equal("openai");
    const [received] = tutorial.openai.requests;
    expect(JSON.parse(received?.body.toString() ?? "").model).to.equal("gpt-4o");
    expect(received?.headers["authorization"]).to.equal(`Bearer ${keys.OPENAI_API_KEY}`);
  });

  it("01 and 02: input, output and total tokens and the weighted cost are in Envoy's access log, for JSON and streams", async () => {
    tutorial = await startTutorial(["01-token-tracking", "02-cost-in-cents"]);
    const usage = { "x-mock-usage": "61,40" };
    // 61 × 0.25 + 40 × 1.0 = 55.25
    const expected = { llm_input_token: 61, llm_output_token: 40, llm_total_token: 101, llm_cost_cents: 55 };
    for (const stream of [false, true]) {
      const id = `track-${stream}`;
      await chat(tutorial.url, "gpt-4o", { headers: { ...usage, "x-request-id": id }, body: stream ? { stream } : {} });
      const line = await tutorial.access(({ request_id }) => request_id === id);
      expect(line).to.deep.include({ ...expected, code: 200, usage_estimated: false });
    }
  });

  it("03: 100,000 tokens an hour per user; of calls of 100 tokens the 1,002nd is the first refused", async () => {
    tutorial = await startTutorial(["01-token-tracking", "03-token-budget-per-user"]);
    let served = 0;
    for (; served < 1_500; served++) {
      const { status } = await chat(tutorial.url, "gpt-4o-mini", {
        headers: { "x-user-id": "test-user", "x-mock-usage": "60,40" },
      });
      if (status === 429) break;
      expect(status).to.equal(200);
    }
    expect(served).to.equal(1_001);
    const other = await chat(tutorial.url, "gpt-4o-mini", { headers: { "x-user-id": "another-user" } });
    expect(other.status).to.equal(200);
  });

  it("04: 50,000 tokens of gpt-4o and 500,000 of gpt-4o-mini, per user and hour", async () => {
    tutorial = await startTutorial(["01-token-tracking", "04-model-specific-limits"]);
    const call = (model: string, tokens: number) =>
      chat(tutorial.url, model, { headers: { "x-user-id": "ada", "x-mock-usage": `${tokens},0` } });
    expect((await call("gpt-4o", 50_000)).status).to.equal(200);
    expect((await call("gpt-4o", 1)).status).to.equal(200);
    expect((await call("gpt-4o", 1)).status).to.equal(429);
    expect((await call("gpt-4o-mini", 500_001)).status).to.equal(200);
    expect((await call("gpt-4o-mini", 1)).status).to.equal(429);
  });

  it("05 and 06: a hundred calls for gpt-4o while OpenAI limits are all served by Anthropic", async () => {
    tutorial = await startTutorial(["05-fallback"]);
    for (let call = 0; call < 100; call++) {
      const { status, headers } = await chat(tutorial.url, "gpt-4o", { headers: { "x-mock-fault": "openai=429" } });
      expect([status, headers["x-ai-provider"]]).to.deep.equal([200, "anthropic"]);
    }
    expect(tutorial.openai.requests).to.have.length(100);
    expect(tutorial.anthropic.bill().total.requests).to.equal(100);
  });

  it("07: 10M tokens a day for engineering, 2M for marketing", async () => {
    tutorial = await startTutorial(["01-token-tracking", "07-team-budgets"]);
    const call = (team: string) =>
      chat(tutorial.url, "gpt-4o-mini", { headers: { "x-team-id": team, "x-mock-usage": "1000001,0" } });
    expect([(await call("marketing")).status, (await call("marketing")).status]).to.deep.equal([200, 200]);
    expect((await call("marketing")).status).to.equal(429);
    for (let number = 0; number < 10; number++) expect((await call("engineering")).status).to.equal(200);
    expect((await call("engineering")).status).to.equal(429);
  });

  it("exercise 1: tokens are tracked for the routes of the exercise's namespace", async () => {
    tutorial = await startTutorial(["exercise-1-tokens", "exercise-4-fallback"]);
    await chat(tutorial.url, "gpt-4o", { headers: { "x-mock-usage": "7,5", "x-request-id": "exercise-1" } });
    const line = await tutorial.access(({ request_id }) => request_id === "exercise-1");
    expect(line).to.deep.include({ llm_input_token: 7, llm_output_token: 5, llm_total_token: 12 });
  });

  it("exercise 2: a request that names no model at all is served by the default one, and counted", async () => {
    tutorial = await startTutorial(["exercise-1-tokens", "exercise-2-token-budget"]);
    const call = () =>
      send(tutorial.url, { headers: { "x-user-id": "exercise-user", "x-mock-usage": "6000,0" }, body: hello });
    const first = await call();
    expect(first.status, first.text).to.equal(200);
    expect(JSON.parse(tutorial.openai.requests[0]?.body.toString() ?? "").model).to.equal("gpt-4o-mini");
    expect((await call()).status).to.equal(200);
    const refused = await call();
    expect(refused.status).to.equal(429);
    expect(refused.json().error.message).to.contain("exercise-token-budget rule 1");
  });

  it("exercise 3: 5,000 tokens of gpt-4o are soon used up while gpt-4o-mini goes on", async () => {
    tutorial = await startTutorial(["exercise-1-tokens", "exercise-3-model-limits"]);
    const call = (model: string) =>
      chat(tutorial.url, model, { headers: { "x-user-id": "exercise-user", "x-mock-usage": "5001,0" } });
    expect((await call("gpt-4o")).status).to.equal(200);
    expect((await call("gpt-4o")).status).to.equal(429);
    expect((await call("gpt-4o-mini")).status).to.equal(200);
    expect((await call("gpt-4o-mini")).status).to.equal(200);
  });

  it("exercise 4: falls back from OpenAI to Anthropic", async () => {
    tutorial = await startTutorial(["exercise-4-fallback"]);
    const answer = await chat(tutorial.url, "gpt-4o", { headers: { "x-mock-fault": "openai=429" } });
    expect(answer.status).to.equal(200);
    expect(answer.headers["x-ai-provider"]).to.equal("anthropic");
  });
});

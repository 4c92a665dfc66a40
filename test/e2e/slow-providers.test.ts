import { expect } from "chai";
import { ask, backends, contentOf, expectCharged, expectError, expectWhole, rules } from "../support/bad-provider.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startWorld, type World } from "../support/world.ts";

describe("slow providers through a real Envoy", () => {
  const idleMs = 500;
  const requestMs = 3_000;
  let world: World;

  before(async function () {
    this.timeout(120_000);
    world = await startWorld({
      route: routeYaml("llm-route", rules),
      yaml: `
apiVersion: tollgate.dev/v1alpha1
kind: TollgateConfig
metadata: {name: tollgate}
spec: {defaults: {requestTimeout: ${requestMs}ms, streamIdleTimeout: ${idleMs}ms}}
`,
    });
  });

  after(() => world?.close());

  beforeEach(() => {
    for (const mock of [world.openai, world.anthropic, world.bedrock]) mock.reset();
    world.log.length = 0;
  });

  afterEach("has let go of every session", async () => {
    await until("no open session", () => world.gateway.sessions.size === 0);
    expect(world.log.filter((line) => line["level"] === "error")).to.deep.equal([]);
  });

  for (const { name, model, mock, streamInput } of backends) {
    for (const fault of ["slow", "silent"]) {
      it(`${name}: a JSON answer that does not come (${fault}) is 504 at the request's time limit`, async () => {
        const seen = await ask(world, { model, fault });
        expectError(seen, { status: 504, type: "timeout_error", code: "upstream_timeout" });
        expect(seen.milliseconds).to.be.within(requestMs, requestMs + 2_000);
        expect(seen.access["code"]).to.equal(504);
        // without an answer nothing is charged; after its headers the provider may have worked
        if (fault === "slow") expectCharged(seen, { outcome: "unanswered", status: 504 }, 0, false);
        else expectCharged(seen, { outcome: "aborted" }, seen.estimatedInput, true);
        await until("the provider's answer to be cancelled", () => mock(world).requests[0]?.aborted);
      });
    }

    it(`${name}: a stream that does not begin (slow) is 504 at the idle time limit`, async () => {
      const seen = await ask(world, { model, fault: "slow", stream: true });
      expectError(seen, { status: 504, type: "timeout_error", code: "upstream_timeout" });
      expect(seen.milliseconds).to.be.below(requestMs);
      expectCharged(seen, { outcome: "unanswered", status: 504 }, 0, false);
    });

    it(`${name}: a stream that falls silent after its headers is cut at the idle time limit`, async () => {
      const seen = await ask(world, { model, fault: "silent", stream: true });
      expect(seen.broken).to.equal(true);
      expect(seen.answer.text).to.equal("");
      expect(seen.milliseconds).to.be.below(requestMs);
      expectCharged(seen, { outcome: "aborted", status: 200 }, seen.estimatedInput, true);
      await until("the provider's stream to be cancelled", () => mock(world).requests[0]?.aborted);
    });

    it(`${name}: a stream without end is cut at the request's time limit and charged for what came`, async () => {
      const seen = await ask(world, { model, fault: "endless", stream: true });
      expect(seen.broken).to.equal(true);
      expect(seen.answer.text).not.to.contain("[DONE]");
      expect(seen.milliseconds).to.be.within(requestMs, requestMs + 2_500);
      const streamed = Math.ceil(contentOf(seen.answer).length / 4);
      const output = Number(seen.access["llm_total_token"]) - streamInput(seen.estimatedInput);
      // a reply in flight is lost
      expect(output).to.be.within(streamed - 4, streamed + 4);
      expect(seen.line["outcome"]).to.equal("aborted");
      expect(seen.access["usage_estimated"]).to.equal(true);
      await until("the provider's stream to be cancelled", () => mock(world).requests[0]?.aborted);
    });
  }

  it("a stream that does not begin goes to the next backend", async () => {
    const seen = await ask(world, { model: "both", fault: "openai=slow", stream: true });
    expectWhole(seen, true);
    expect(seen.answer.headers["x-ai-provider"]).to.equal("anthropic");
    expect(seen.answer.headers["x-ai-attempts"]).to.equal("2");
    expectCharged(seen, { outcome: "completed" }, 100, false);
    expect(world.openai.bill().total.total).to.equal(0);
  });

  it("a stream that began is not begun again elsewhere", async () => {
    const seen = await ask(world, { model: "both", fault: "openai=silent", stream: true });
    expect(seen.broken).to.equal(true);
    expect(seen.access["attempts"]).to.equal(1);
    expect(world.anthropic.requests).to.have.length(0);
  });
});

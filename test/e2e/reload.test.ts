import { once } from "node:events";
import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { chat, hello, open } from "../support/client.ts";
import { underLoad } from "../support/load.ts";
import { policyYaml } from "../support/policy.ts";
import { startUp, type Up } from "../support/up.ts";
import { until } from "../support/wait.ts";
import { defaultRoute, openaiKey, routeYaml, startMocks } from "../support/world.ts";

const reloads = 100;

/** The resources of a test in parts that can be changed. */
interface Parts {
  readonly route?: string;
  /** Tokens an hour for each user. */
  readonly limit?: number;
  /** A name makes a cluster that has to be resolved first. */
  readonly openaiAddress?: string;
  readonly openaiSecret?: string;
  readonly more?: string;
}

const routeWith = (...models: readonly string[]): string =>
  routeYaml("llm-route", Object.fromEntries(models.map((model) => [model, ["openai-backend", "anthropic-backend"]])));

describe("resources that change while the gateway runs", function () {
  this.timeout(180_000);
  let mocks: Awaited<ReturnType<typeof startMocks>>;
  let second: RunningMock;
  let up: Up;
  let written = "";

  function resources({
    route = defaultRoute,
    limit = 1_000_000_000,
    openaiAddress,
    openaiSecret,
    more,
  }: Parts): string {
    const users = policyYaml("users", [{ requests: limit, selectors: ["x-user-id"] }]);
    return [mocks.resources.replace(defaultRoute, route), users, ...(more === undefined ? [] : [more])]
      .join("\n---\n")
      .replace(`127.0.0.1:${mocks.openai.port}`, openaiAddress ?? `127.0.0.1:${mocks.openai.port}`)
      .replace(`api-key: ${openaiKey}`, `api-key: ${openaiSecret ?? openaiKey}`);
  }

  before(async () => {
    mocks = await startMocks();
    second = await startMock({ provider: "OpenAI", apiKey: "sk-second-test-key" });
    written = resources({});
    up = await (await startUp({ yaml: written })).untilUp();
  });
  after(async () => {
    await up?.close();
    await second?.close();
    await mocks?.close();
  });

  /** Does something, and waits for what the gateway says to it: its line and the lines below it. */
  async function told(act: () => void): Promise<string> {
    const before = up.stderr.length;
    act();
    return await until(
      "word of a reload",
      () => /(?:not )?reloaded[\s\S]*\n$/.exec(up.stderr.slice(before))?.[0],
      60_000,
    );
  }

  async function write(text: string): Promise<string> {
    return await told(() => {
      up.write("resources.yaml", text);
      written = text;
    });
  }

  const change = (parts: Parts): Promise<string> => write(resources(parts));

  // every test begins with the same resources
  afterEach(async () => {
    if (written !== resources({})) await change({});
  });

  async function metric(pattern: RegExp): Promise<string | undefined> {
    return pattern.exec(await (await fetch(`${up.adminUrl}/metrics`)).text())?.[1];
  }

  it("are in force within a second", async () => {
    const took: number[] = [];
    for (let round = 1; round <= 5; round++) {
      const model = `model-${round}`;
      expect((await chat(up.url, model)).status).to.equal(404);
      const startMs = performance.now();
      const said = change({ more: routeYaml(`route-${round}`, { [model]: ["openai-backend"] }) });
      await until("the new route", async () => (await chat(up.url, model)).status === 200);
      took.push(performance.now() - startMs);
      await said;
    }
    took.sort((a, b) => a - b);
    expect(took[2], `milliseconds: ${took.map(Math.round).join(" ")}`).to.be.lessThan(1_000);
  });

  it("are told by kind and name, with the version", async () => {
    const added = await change({ more: routeYaml("other", { other: ["openai-backend"] }) });
    expect(added).to.match(/^reloaded in \d+ ms: added AIGatewayRoute ai-services\/other \(version [0-9a-f]{12}\)/);
    const version = /version ([0-9a-f]{12})/.exec(added)?.[1];
    expect(await metric(/^tollgate_config_version\{version="(\w+)"\} 1$/m)).to.equal(version);
    const changed = await change({ limit: 2_000_000 });
    expect(changed).to.contain(
      "changed BackendTrafficPolicy ai-services/users; removed AIGatewayRoute ai-services/other",
    );
  });

  it("can change a limit, whose counter stays", async () => {
    await change({ limit: 1_000 });
    const headers = { "x-user-id": "spender", "x-mock-usage": "300,300" };
    expect((await chat(up.url, "gpt-4o", { headers })).status).to.equal(200);
    await change({ limit: 500 });
    expect((await chat(up.url, "gpt-4o", { headers })).status).to.equal(429);
    await change({ limit: 1_500 });
    const answer = await chat(up.url, "gpt-4o", { headers: { ...headers, "x-mock-usage": "0,0" } });
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers["x-ratelimit-remaining"]).to.equal("900");
  });

  it("can take a route away", async () => {
    expect((await chat(up.url, "gpt-4o-mini")).status).to.equal(200);
    await change({ route: routeWith("gpt-4o") });
    const answer = await chat(up.url, "gpt-4o-mini");
    expect(answer.status).to.equal(404);
    expect(answer.json().error.code).to.equal("unknown_model");
  });

  it("can add the first budget, which is reserved from at once", async () => {
    const budget = `
apiVersion: tollgate.dev/v1alpha1
kind: Budget
metadata: {name: tokens, namespace: ai-services}
spec: {limit: {amount: 1, unit: Tokens}, window: {every: Day}, subject: [{header: x-user-id}]}
`;
    expect(await change({ more: budget })).to.contain("added Budget ai-services/tokens");
    expect((await chat(up.url, "gpt-4o", { headers: { "x-user-id": "poor" } })).status).to.equal(429);
  });

  it("that move a backend and change its key at once do both for each request, under load: no request fails", async () => {
    mocks.openai.reset();
    second.reset();
    let openaiBefore = 0;
    const options = { url: up.url, clients: 16, headers: { "x-ai-eg-model": "gpt-4o" }, streamEvery: 4 };
    const load = await underLoad(options, async (running) => {
      await until("answers", () => running.answers > 50);
      await change({ openaiAddress: `localhost:${second.port}`, openaiSecret: "sk-second-test-key" });
      openaiBefore = mocks.openai.bill().total.requests;
      const moved = running.answers;
      await until("answers of the second", () => running.answers > moved + 200, 60_000);
    });
    expect([...load.outcomes], "all of them").to.deep.equal([["200", load.answers]]);
    // those that were on their way when the change was told
    expect(mocks.openai.bill().total.requests - openaiBefore).to.be.at.most(16);
    expect(second.bill().total.requests).to.be.greaterThan(150);
    const keys = (mock: RunningMock) => [...new Set(mock.requests.map(({ headers }) => headers["authorization"]))];
    expect(keys(mocks.openai)).to.deep.equal([`Bearer ${openaiKey}`]);
    expect(keys(second)).to.deep.equal(["Bearer sk-second-test-key"]);
  });

  it("that are not valid are refused with file and line; the last good ones stay, and the gateway is ready", async () => {
    const version = await metric(/^tollgate_config_version\{version="(\w+)"\} 1$/m);
    const bad = await change({
      more: `apiVersion: aigateway.envoyproxy.io/v1alpha1\nkind: AIBackend\nmetadata: {name: x}\nspec: {provider: OpenAl}`,
    });
    expect(bad).to.match(
      /^not reloaded, the last good configuration stays \(version [0-9a-f]{12}\): the configuration is not valid\n/,
    );
    expect(bad).to.match(/resources\.yaml:\d+:\d+ spec\.provider: unknown provider "OpenAl"; did you mean "OpenAI"\?/);
    expect((await chat(up.url, "gpt-4o")).status).to.equal(200);
    expect((await fetch(`${up.adminUrl}/ready`)).status).to.equal(200);
    expect(await metric(/^tollgate_config_version\{version="(\w+)"\} 1$/m)).to.equal(version);
    expect(Number(await metric(/^tollgate_config_reloads_total\{outcome="invalid"\} (\d+)$/m))).to.be.greaterThan(0);
    expect(await write(""), "an emptied file").to.contain("is empty now");
    expect((await chat(up.url, "gpt-4o")).status).to.equal(200);
  });

  it("that Envoy refuses are told with its reason and the backend; the last good ones stay", async () => {
    const host = Array.from({ length: 5 }, () => "long".repeat(15)).join(".");
    const tooLong = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: AIBackend
metadata: {name: long-name, namespace: ai-services}
spec: {provider: vLLM, endpoint: "https://${host}"}
---
${routeYaml("long", { long: ["long-name"], "gpt-4o-mini": ["openai-backend"] })}`;
    const refused = await change({ more: tooLong, route: routeWith("gpt-4o") });
    expect(refused).to.contain("not reloaded, the last good configuration stays");
    expect(refused).to.contain("Envoy refuses backend ai-services/long-name: ").and.contain("Sni");
    expect((await chat(up.url, "claude-sonnet-4-20250514")).status, "a route that the change takes away").to.equal(200);
    expect(Number(await metric(/^tollgate_config_reloads_total\{outcome="refused_by_envoy"\} (\d+)$/m))).to.equal(1);
    expect(await change({ more: routeYaml("good", { good: ["openai-backend"] }) })).to.match(/^reloaded /);
    expect((await chat(up.url, "good")).status).to.equal(200);
  });

  it("leave a stream alone whose route and backend they take away", async () => {
    const { response } = open(up.url, {
      headers: {
        "x-ai-eg-model": "gpt-4o",
        "x-mock-chunks": "60",
        "x-mock-chunk-delay": "50",
        "x-mock-text": "word ".repeat(600),
      },
      body: { ...hello, stream: true },
    });
    const stream = await response;
    let text = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await once(stream, "data");
    await change({
      route: routeYaml("llm-route", { "claude-sonnet-4-20250514": ["anthropic-backend"] }),
      openaiAddress: `localhost:${second.port}`,
    });
    expect(text).not.to.contain("[DONE]");
    expect((await chat(up.url, "gpt-4o")).status).to.equal(404);
    await once(stream, "end");
    expect(text).to.contain("data: [DONE]");
    expect(text.split('"content":"').length).to.be.greaterThan(50);
  });

  it("leave a request in flight its fallback, although it is taken away meanwhile", async () => {
    mocks.openai.reset();
    const pending = chat(up.url, "gpt-4o", { headers: { "x-mock-delay": "2000", "x-mock-fault": "openai=500" } });
    await until("the request at the provider", () => mocks.openai.requests.length === 1);
    await change({
      route: routeYaml("llm-route", { "gpt-4o": ["openai-backend"] }),
      openaiAddress: `localhost:${second.port}`,
    });
    const answer = await pending;
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.headers).to.include({ "x-ai-provider": "anthropic", "x-ai-attempts": "2" });
  });

  it("are what an Envoy gets that had to be started again", async () => {
    await change({ more: routeYaml("other", { other: ["openai-backend"] }) });
    process.kill(up.pidOf("envoy") ?? 0, "SIGKILL");
    await up.untilSaid(/up again: Envoy/);
    const answer = await chat(up.url, "other");
    expect(answer.status, answer.text).to.equal(200);
  });

  it(`${reloads} times under the load of 16 clients fail not one request`, async () => {
    const options = {
      url: up.url,
      clients: 16,
      headers: { "x-ai-eg-model": "gpt-4o", "x-user-id": "crowd", "x-mock-usage": "1,1" },
      streamEvery: 4,
    };
    const before = Number((await metric(/^tollgate_config_reloads_total\{outcome="applied"\} (\d+)$/m)) ?? 0);
    const load = await underLoad(options, async () => {
      for (let round = 0; round < reloads; round++) {
        const key =
          round % 2 === 0 ? {} : { openaiAddress: `localhost:${second.port}`, openaiSecret: "sk-second-test-key" };
        const cost = `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: costs, namespace: ai-services}
spec: {llmRequestCosts: [{metadataKey: key_${round % 5}, type: TotalToken}]}
`;
        const said = await change({ ...key, limit: 1_000_000_000 + round, more: cost });
        expect(said, said).to.match(/^reloaded /);
      }
    });
    expect([...load.outcomes], JSON.stringify([...load.outcomes])).to.deep.equal([["200", load.answers]]);
    expect(load.answers).to.be.greaterThan(1_000);
    const after = Number(await metric(/^tollgate_config_reloads_total\{outcome="applied"\} (\d+)$/m));
    expect(after - before).to.equal(reloads);
  });
});

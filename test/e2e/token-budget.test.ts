import { expect } from "chai";
import { type Answer, chat, hello, send } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { startRedis } from "../support/redis.ts";
import { startWorld, type World } from "../support/world.ts";

const hundredTokens = { "x-mock-usage": "60,40" };

/** Calls one after the other until one is refused; returns its number, counted from 1, and its answer. */
async function firstRefused(
  world: World,
  user: string,
  body: object = {},
  most = 130,
): Promise<{ readonly number: number; readonly answer: Answer }> {
  for (let number = 1; number <= most; number++) {
    const answer = await chat(world.url, "gpt-4o", { headers: { ...hundredTokens, "x-user-id": user }, body });
    if (answer.status === 429) return { number, answer };
    expect(answer.status, `call ${number}: ${answer.text}`).to.equal(200);
  }
  throw new Error(`none of ${most} calls was refused`);
}

const stores = [
  {
    name: "in memory",
    open: () => Promise.resolve({ url: "memory://", stop: () => Promise.resolve() }),
  },
  { name: "on Redis", open: startRedis },
];

for (const { name, open } of stores) {
  describe(`a budget of 10,000 tokens an hour per user, ${name}`, function () {
    this.timeout(60_000);
    let store: { readonly url: string; stop(): Promise<void> };
    let world: World;

    before(async () => {
      store = await open();
      world = await startWorld({
        storeUrl: store.url,
        yaml: policyYaml("user-budget", [{ requests: 10_000, selectors: ["x-user-id"] }]),
      });
    });
    after(async () => {
      await world?.close();
      await store?.stop();
    });

    it("refuses the 102nd call of 100 tokens and explains why (L13, L16)", async () => {
      const { number, answer } = await firstRefused(world, "ada");
      expect(number).to.equal(102);
      const { error } = answer.json();
      expect(error).to.include({ type: "rate_limit_error", code: "token_budget_exceeded", param: null });
      for (const told of ["user-budget rule 1", 'x-user-id "ada"', "10100 of 10000 per hour used", "it resets at"])
        expect(error.message).to.contain(told);
      expect(answer.headers["content-type"]).to.equal("application/json");
      const seconds = Number(answer.headers["retry-after"]);
      expect(seconds).to.be.within(1, 3_600);
      expect(error.message).to.match(/in \d+ seconds/);
      expect(answer.headers["x-ratelimit-limit"]).to.contain("10000");
      expect(answer.headers["x-ratelimit-remaining"]).to.equal("0");
      expect(Number(answer.headers["x-ratelimit-reset"])).to.be.within(1, 3_600);
    });

    it("leaves other users alone", async () => {
      const { status, headers } = await chat(world.url, "gpt-4o", {
        headers: { ...hundredTokens, "x-user-id": "grace" },
      });
      expect(status).to.equal(200);
      expect(headers["x-ratelimit-remaining"]).to.equal("10000");
      expect(headers["retry-after"]).to.equal(undefined);
    });

    it("charges nothing for a refused call, and sends it to nobody", async () => {
      const before = world.openai.requests.length;
      const refused = await chat(world.url, "gpt-4o", { headers: { ...hundredTokens, "x-user-id": "ada" } });
      expect(refused.status).to.equal(429);
      expect(refused.json().error.message).to.contain("10100 of 10000");
      const line = await world.requestLog(({ outcome }) => outcome === "limited");
      expect(line).to.include({ status: 429, "x-user-id": "ada", limit: "user-budget rule 1" });
      expect(Object.keys(refused.headers).filter((name) => name.startsWith("x-tollgate"))).to.deep.equal([]);
      const again = await chat(world.url, "gpt-4o", { headers: { ...hundredTokens, "x-user-id": "ada" } });
      expect(again.json().error.message).to.contain("10100 of 10000");
      expect(world.openai.requests.length).to.equal(before);
    });

    it("counts streams the same (L6)", async () => {
      const { number, answer } = await firstRefused(world, "streaming-ada", { stream: true });
      expect(number).to.equal(102);
      expect(answer.json().error.code).to.equal("token_budget_exceeded");
    });

    it("counts exactly what the provider billed", async () => {
      world.openai.reset();
      for (let call = 0; call < 5; call++)
        await chat(world.url, "gpt-4o", { headers: { "x-mock-usage": `${call},${10 * call}`, "x-user-id": "bill" } });
      const { headers } = await chat(world.url, "gpt-4o", { headers: { "x-mock-usage": "0,0", "x-user-id": "bill" } });
      expect(10_000 - Number(headers["x-ratelimit-remaining"])).to.equal(world.openai.bill().total.total);
    });
  });
}

describe("fixed costs", function () {
  this.timeout(60_000);
  let world: World;
  const twoAfterwards = "{request: {from: Number, number: 0}, response: {from: Number, number: 2}}";

  before(async () => {
    world = await startWorld({
      yaml: [
        policyYaml("calls", [{ requests: 3, selectors: ["x-user-id=by-calls"], cost: "{}" }]),
        policyYaml("after", [{ requests: 3, selectors: ["x-user-id=afterwards"], cost: twoAfterwards }]),
      ].join("---"),
    });
  });
  after(() => world?.close());

  const call = (user: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    chat(world.url, "gpt-4o", { headers: { "x-user-id": user, ...headers } });

  it("without a cost a request counts 1 when it is made (L12)", async () => {
    for (let number = 1; number <= 3; number++) expect((await call("by-calls")).status).to.equal(200);
    expect((await call("by-calls")).status).to.equal(429);
  });

  it("a fixed response cost is charged for answers, and not for what was refused or never answered (L7, L13)", async () => {
    for (let number = 1; number <= 2; number++) expect((await call("afterwards")).status).to.equal(200);
    for (let number = 1; number <= 3; number++) {
      const refused = await call("afterwards");
      expect(refused.status).to.equal(429);
      expect(refused.json().error.message).to.contain("4 of 3 per hour used");
    }
  });
});

describe("budgets per model and per team", function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await startWorld({
      yaml: [
        policyYaml("model-limits", [
          { requests: 5_000, selectors: ["x-user-id", "x-ai-eg-model=gpt-4o"] },
          { requests: 100_000, selectors: ["x-user-id", "x-ai-eg-model=gpt-4o-mini"] },
        ]),
        policyYaml("team-budgets", [
          { requests: 10_000, selectors: ["x-team-id=engineering"], unit: "Day" },
          { requests: 2_000, selectors: ["x-team-id=marketing"], unit: "Day" },
        ]),
      ].join("---"),
    });
  });
  after(() => world?.close());

  const call = (model: string, headers: Readonly<Record<string, string>>, usage = "600,400"): Promise<Answer> =>
    chat(world.url, model, { headers: { "x-mock-usage": usage, ...headers } });

  it("refuses gpt-4o after 5,000 tokens while gpt-4o-mini goes on", async () => {
    const ada = { "x-user-id": "ada" };
    for (let number = 1; number <= 6; number++) expect((await call("gpt-4o", ada)).status).to.equal(200);
    const refused = await call("gpt-4o", ada);
    expect(refused.status).to.equal(429);
    expect(refused.json().error.message).to.contain("model-limits rule 1").and.to.contain('x-ai-eg-model "gpt-4o"');
    for (let number = 1; number <= 8; number++) expect((await call("gpt-4o-mini", ada)).status).to.equal(200);
    expect((await call("gpt-4o", { "x-user-id": "grace" })).status).to.equal(200);
  });

  it("takes the model of the body as it takes the header's", async () => {
    const headers = { "x-user-id": "bea", "x-mock-usage": "6000,0" };
    const inBody = (): Promise<Answer> => send(world.url, { headers, body: { ...hello, model: "gpt-4o" } });
    expect((await inBody()).status).to.equal(200);
    expect((await inBody()).status).to.equal(429);
  });

  it("counts a team by its header's exact value, whoever its users are", async () => {
    const marketing = (user: string): Promise<Answer> =>
      call("gpt-4o-mini", { "x-team-id": "marketing", "x-user-id": user });
    for (const user of ["u1", "u2", "u3"]) expect((await marketing(user)).status).to.equal(200);
    const refused = await marketing("u4");
    expect(refused.status).to.equal(429);
    expect(refused.json().error.message).to.contain("team-budgets rule 2").and.to.contain('x-team-id "marketing"');
    expect((await call("gpt-4o-mini", { "x-team-id": "engineering", "x-user-id": "u4" })).status).to.equal(200);
    expect((await call("gpt-4o-mini", { "x-team-id": "sales", "x-user-id": "u4" })).status).to.equal(200);
    const metrics = await world.gateway.metrics.render();
    const refusals = metrics.split("\n").filter((row) => row.startsWith("tollgate_refusals_total{"));
    const ofTeams = refusals.filter((row) => row.includes("ai-services/team-budgets/"));
    expect(ofTeams.map((row) => row.split(" ")[1])).to.deep.equal(["1"]);
  });

  it("charges a request on every rule that applies to it (L10)", async () => {
    const both = { "x-team-id": "engineering", "x-user-id": "eve" };
    expect((await call("gpt-4o", both, "5001,0")).status).to.equal(200);
    expect((await call("gpt-4o", both)).json().error.message).to.contain("model-limits rule 1");
    expect((await call("gpt-4o-mini", { ...both, "x-user-id": "kim" }, "4000,0")).status).to.equal(200);
    expect((await call("gpt-4o-mini", { ...both, "x-user-id": "kim" })).json().error.message).to.contain(
      "team-budgets rule 1",
    );
  });
});

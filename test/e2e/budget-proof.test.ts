import { expect } from "chai";
import { seeded } from "../planning/support.ts";
import { budgetYaml, findReceipt, standingOf } from "../support/budget.ts";
import { chat, hello, open } from "../support/client.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { type Served, startServed } from "../support/served.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startMocks } from "../support/world.ts";

const clients = 64;
const budgetedCalls = 100;
/** What every answered call costs, in tokens. */
const tokensPerCall = 50;

const yaml = [
  budgetYaml("calls", { amount: budgetedCalls, unit: "llm_call", subject: [] }),
  `
apiVersion: aigateway.envoyproxy.io/v1alpha1
kind: LLMRequestCost
metadata: {name: calls, namespace: ai-services}
spec: {llmRequestCosts: [{metadataKey: llm_call, type: CEL, cel: "1"}]}
`,
].join("---\n");

const route = routeYaml("llm-route", { "gpt-4o": ["openai-backend", "anthropic-backend"] });

/** Repeat a run with this variable. */
const seedVariable = "BUDGET_PROOF_SEED";

/** limits.md §4.2. */
describe("a budget for 100 calls, 64 clients, hang-ups, fallbacks, and processes that are killed", function () {
  this.timeout(180_000);
  const seed = Number(process.env[seedVariable] ?? Math.floor(Math.random() * 2 ** 31));
  let mocks: Awaited<ReturnType<typeof startMocks>>;

  before(async () => {
    mocks = await startMocks({ yaml, route });
  });
  after(() => mocks?.close());

  interface Run {
    readonly ids: readonly string[];
    readonly served: number;
    readonly statuses: ReadonlySet<number | "broken">;
  }

  /** Every client asks again and again until `done`. */
  function load(served: Served, random: () => number, done: () => boolean): { readonly finished: Promise<Run> } {
    const ids: string[] = [];
    const statuses = new Set<number | "broken">();
    let complete = 0;
    const ask = async (): Promise<void> => {
      const id = `call-${seed}-${ids.length}`;
      ids.push(id);
      const headers = {
        "x-ai-eg-model": "gpt-4o",
        "x-request-id": id,
        "x-mock-usage": "20,30",
        "x-mock-chunk-delay": "5",
        ...(random() < 0.2 ? { "x-mock-fault": random() < 0.5 ? "openai=reset" : "openai=500" } : {}),
      };
      const stream = random() < 0.5;
      const body = { ...hello, stream, max_completion_tokens: 100 };
      if (random() < 0.15) {
        const { request, response } = open(served.url, { headers, body });
        const closed = new Promise((resolve) => request.once("close", resolve));
        setTimeout(() => request.destroy(), random() * 30);
        await response.then((incoming) => incoming.resume()).catch(() => undefined);
        await closed;
        return;
      }
      const answer = await chat(served.url, "gpt-4o", { headers, body }).catch(() => undefined);
      statuses.add(answer?.status ?? "broken");
      const whole = answer?.status === 200 && (!stream || answer.text.endsWith("data: [DONE]\n\n"));
      if (whole) complete++;
    };
    const loops = Array.from({ length: clients }, async () => {
      while (!done()) await ask();
    });
    return { finished: Promise.all(loops).then(() => ({ ids, served: complete, statuses })) };
  }

  async function prove(
    storeUrl: string,
    disturb: (served: Served, random: () => number) => Promise<void>,
  ): Promise<void> {
    console.log(`      ${seedVariable}=${seed}`);
    const random = seeded(seed);
    mocks.openai.reset();
    mocks.anthropic.reset();
    const served = await startServed(mocks.resources, storeUrl);
    try {
      let disturbed = false;
      const { finished } = load(served, random, () => disturbed);
      await disturb(served, random);
      disturbed = true;
      const run = await finished;
      // what nobody settled expires
      const standing = await until(
        "every hold to be settled",
        async () => {
          const report = await standingOf(served, "calls", "*").catch(() => undefined);
          return report !== undefined && Number(report.held) === 0 ? report : undefined;
        },
        40_000,
      );
      expect(
        [...run.statuses].filter((status) => ![200, 429, 500, 502, 503, 504, "broken"].includes(status)),
      ).to.deep.equal([]);
      expect(run.served).to.be.within(10, budgetedCalls);
      expect(Number(standing.spent)).to.be.at.most(budgetedCalls);
      expect(standing.overrun).to.equal(0);
      // every call that a provider billed was paid for
      const bills = [mocks.openai.bill().total, mocks.anthropic.bill().total];
      const billedCalls = bills.reduce((sum, { requests }) => sum + requests, 0);
      expect(billedCalls).to.be.at.most(Number(standing.spent));
      // and the ledger knows each, but for those whose gateway was killed: their holds expired
      let billed = 0;
      let unknown = 0;
      for (const id of run.ids) {
        for (const { verdict } of (await findReceipt(served, id))?.attempts ?? []) {
          if (verdict === "billed") billed++;
          if (verdict === "unknown") unknown++;
        }
      }
      const tokens = bills.reduce((sum, { total }) => sum + total, 0);
      const expired = Number(standing.spent) - billed - unknown;
      expect(expired).to.be.at.least(0);
      expect(tokens).to.be.at.least(billed * tokensPerCall);
      expect(tokens - billed * tokensPerCall).to.be.at.most((unknown + expired) * tokensPerCall);
    } finally {
      await served.close();
    }
  }

  /** Whether the budget is used up: everybody is refused. */
  async function usedUp(served: Served): Promise<boolean> {
    const answer = await chat(served.url, "gpt-4o", { body: { max_completion_tokens: 100 } }).catch(() => undefined);
    return answer?.status === 429;
  }

  it("serves at most 100 calls, and books every one that was billed, with the embedded store and a gateway killed twice (L32, L39)", () =>
    prove("memory://", async (served, random) => {
      for (const _ of [1, 2]) {
        await new Promise((resolve) => setTimeout(resolve, 100 + random() * 400));
        await served.kill();
        await served.start();
      }
      await until("the budget to be used up", () => usedUp(served), 60_000);
    }));

  describe("on Redis", () => {
    let redis: TestRedis;
    before(async () => {
      redis = await startRedis();
    });
    after(() => redis?.stop());

    it("serves at most 100 calls, and books every one that was billed, with Redis and the gateway killed (L32, L39)", () =>
      prove(redis.url, async (served, random) => {
        await new Promise((resolve) => setTimeout(resolve, 100 + random() * 300));
        await redis.restart();
        await new Promise((resolve) => setTimeout(resolve, 100 + random() * 300));
        await served.kill();
        await served.start();
        await new Promise((resolve) => setTimeout(resolve, 100 + random() * 300));
        await redis.restart();
        await until("the budget to be used up", () => usedUp(served), 60_000);
      }));
  });
});

import { Agent, request } from "node:http";
import { expect } from "chai";
import { budgetYaml, settled } from "../support/budget.ts";
import { chat, hello } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { type Served, startServed } from "../support/served.ts";
import { startMocks } from "../support/world.ts";

const limit = 500_000_000;

/** Of the last 100,000 requests the store of budgets remembers the session, and the ledger where its receipt is. */
const rememberedBytes = 3_000;

/** One request over the agent's connections: its status, 0 for a broken connection. */
function post(agent: Agent, url: string, headers: Readonly<Record<string, string>>, stream: boolean): Promise<number> {
  const body = JSON.stringify({ ...hello, stream });
  return new Promise((resolve) => {
    const outgoing = request(
      `${url}/v1/chat/completions`,
      {
        method: "POST",
        agent,
        headers: { "content-type": "application/json", "content-length": body.length, ...headers },
      },
      (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode ?? 0));
        response.once("error", () => resolve(0));
      },
    );
    outgoing.once("error", () => resolve(0));
    outgoing.end(body);
  });
}

/** Runs `work` in so many loops until it says that it is enough. */
async function inParallel(loops: number, work: (loop: number) => Promise<boolean>): Promise<void> {
  await Promise.all(
    Array.from({ length: loops }, async (_, loop) => {
      while (await work(loop));
    }),
  );
}

function tally(counts: Map<number, number>, status: number): void {
  counts.set(status, (counts.get(status) ?? 0) + 1);
}

describe("under load", function () {
  this.timeout(300_000);
  let mocks: Awaited<ReturnType<typeof startMocks>>;
  let served: Served;

  before(async () => {
    mocks = await startMocks({
      yaml: [
        policyYaml("users", [{ requests: limit, selectors: ["x-user-id"] }]),
        budgetYaml("tokens", {
          amount: 10 ** 12,
          unit: "Tokens",
          more: ["match: [{header: x-user-id, value: crowd}]"],
        }),
      ].join("---\n"),
    });
    served = await startServed(mocks.resources);
  });
  after(async () => {
    await served?.close();
    await mocks?.close();
  });

  async function counted(user: string): Promise<number> {
    const { headers } = await chat(served.url, "gpt-4o", { headers: { "x-user-id": user, "x-mock-usage": "0,0" } });
    return limit - Number(headers["x-ratelimit-remaining"]);
  }

  it("15,000 requests through one Envoy: not one 500 (the reset guard)", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 32 });
    const counts = new Map<number, number>();
    let left = 15_000;
    const headers = { "x-ai-eg-model": "gpt-4o", "x-user-id": "guard", "x-mock-usage": "1,1" };
    await inParallel(32, async () => {
      if (left-- <= 0) return false;
      tally(counts, await post(agent, served.url, headers, false));
      return true;
    });
    agent.destroy();
    expect([...counts]).to.deep.equal([[200, 15_000]]);
    expect(await counted("guard")).to.equal(30_000);
  });

  it("200 clients for 30 seconds: no error, no growing memory, no hold left, and counters and budget are the sum of the usage", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 200 });
    const counts = new Map<number, number>();
    mocks.openai.reset();
    mocks.anthropic.reset();
    const endMs = Date.now() + 30_000;
    const memory: { readonly mebibytes: number; readonly requests: number }[] = [];
    let sampleMs = Date.now() + 10_000;
    await inParallel(200, async (loop) => {
      const now = Date.now();
      if (now > endMs) return false;
      if (now > sampleMs) {
        sampleMs = now + 1_000;
        memory.push({ mebibytes: served.residentMebibytes(), requests: counts.get(200) ?? 0 });
      }
      const model = loop % 4 === 0 ? "claude-sonnet-4-20250514" : "gpt-4o";
      const headers = { "x-ai-eg-model": model, "x-user-id": "crowd", "x-mock-usage": "13,7" };
      tally(counts, await post(agent, served.url, headers, loop % 2 === 0));
      return true;
    });
    agent.destroy();
    const requests = counts.get(200) ?? 0;
    expect([...counts.keys()], JSON.stringify([...counts])).to.deep.equal([200]);
    expect(requests).to.be.greaterThan(1_000);
    const billed = mocks.openai.bill().total.total + mocks.anthropic.bill().total.total;
    expect(billed).to.equal(requests * 20);
    expect(await counted("crowd")).to.equal(billed);
    const { spent, overrun } = await settled(served, "tokens", "crowd");
    expect({ spent, overrun }).to.deep.equal({ spent: billed, overrun: 0 });
    const [first = { mebibytes: 0, requests: 0 }] = memory;
    const last = memory.at(-1) ?? first;
    const remembered = ((last.requests - first.requests) * rememberedBytes) / 2 ** 20;
    const seen = memory.map((sample) => `${Math.round(sample.mebibytes)} after ${sample.requests}`).join(", ");
    expect(last.mebibytes, `MiB over time: ${seen}`).to.be.lessThan(first.mebibytes * 1.25 + 30 + remembered);
    const metrics = await (await fetch(`${served.adminUrl}/metrics`)).text();
    expect(metrics).to.match(/tollgate_sessions\S* 0\b/);
  });
});

import { expect } from "chai";
import { seeded } from "../planning/support.ts";
import { findReceipt } from "../support/budget.ts";
import { chat, hello, open } from "../support/client.ts";
import { policyYaml } from "../support/policy.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { type Served, startServed } from "../support/served.ts";
import type { LogLine } from "../support/stack.ts";
import { until } from "../support/wait.ts";
import { routeYaml, startMocks } from "../support/world.ts";

const clients = 24;
const users = 4;
const callLimit = 1_000_000;
const userLimit = 900_000_000;

/** Every call has a counter of its own, so that what was charged for it is told from everything else, and its user's beside it. */
const yaml = policyYaml("calls", [
  { requests: callLimit, selectors: ["x-call"], unit: "Year" },
  { requests: userLimit, selectors: ["x-user-id"], unit: "Year" },
]);
const route = routeYaml("llm-route", { "gpt-4o": ["openai-backend", "anthropic-backend"] });

/** Of a call, at most: the longest text and prompt below. */
const maxTokensPerCall = 500;

/** Repeat a run with this variable. */
const seedVariable = "LIMIT_PROOF_SEED";

interface Call {
  readonly id: string;
  readonly user: string;
  readonly hungUp: boolean;
}

interface LoadOptions {
  readonly random: () => number;
  /** How many of the calls hang up, from 0 to 1. */
  readonly hangUps: number;
  readonly done: (callsSoFar: number) => boolean;
}

/** What one call came to: as Envoy knew it last, and as its own counter has it. */
interface Counted {
  readonly call: Call;
  readonly line: LogLine | undefined;
  readonly acknowledged: number;
  readonly counter: number;
}

/** So that kills meet different moments. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** limits.md §4.3. */
describe("the counters of rate limits after streams, fallbacks, hang-ups and killed processes", function () {
  this.timeout(180_000);
  const seed = Number(process.env[seedVariable] ?? Math.floor(Math.random() * 2 ** 31));
  let mocks: Awaited<ReturnType<typeof startMocks>>;
  let served: Served;
  let made = 0;
  /** Names the users of one run: the store outlives it. */
  let run = 0;

  before(async () => {
    mocks = await startMocks({ yaml, route });
  });
  after(() => mocks?.close());

  async function begin(store?: string): Promise<() => number> {
    console.log(`      ${seedVariable}=${seed}`);
    run++;
    mocks.openai.reset();
    mocks.anthropic.reset();
    served = await startServed(mocks.resources, store);
    return seeded(seed);
  }

  /** Every client asks again and again until `done`. */
  async function load({ random, hangUps, done }: LoadOptions): Promise<readonly Call[]> {
    const calls: Call[] = [];
    const ask = async (): Promise<void> => {
      const id = `call-${seed}-${made++}`;
      const call = { id, user: `user-${run}-${calls.length % users}`, hungUp: random() < hangUps };
      calls.push(call);
      const stream = random() < 0.6;
      const headers = {
        "x-ai-eg-model": "gpt-4o",
        "x-request-id": id,
        "x-call": id,
        "x-user-id": call.user,
        "x-mock-text": "word ".repeat(1 + Math.floor(random() * 300)),
        "x-mock-chunks": "20",
        "x-mock-chunk-delay": String(1 + Math.floor(random() * 3)),
        ...(random() < 0.25 ? { "x-mock-fault": random() < 0.5 ? "openai=reset" : "openai=500" } : {}),
      };
      const body = { ...hello, stream };
      const leaveMs = random() * 60;
      if (!call.hungUp) {
        const answer = await chat(served.url, "gpt-4o", { headers, body }).catch(() => undefined);
        // as clients do; they would leave no time to a gateway that starts
        if (answer?.status === 503) await wait(50);
        return;
      }
      const { request, response } = open(served.url, { headers, body });
      const closed = new Promise((resolve) => request.once("close", resolve));
      setTimeout(() => request.destroy(), leaveMs);
      await response.then((incoming) => incoming.resume().on("error", () => undefined)).catch(() => undefined);
      await closed;
    };
    const loops = Array.from({ length: clients }, async () => {
      while (!done(calls.length)) await ask();
    });
    await Promise.all(loops);
    return calls;
  }

  /** The same, for as long as something else happens. */
  async function loadDuring(random: () => number, disturb: () => Promise<void>): Promise<readonly Call[]> {
    let over = false;
    const loading = load({ random, hangUps: 0.15, done: () => over });
    try {
      await disturb();
    } finally {
      over = true;
      await loading;
    }
    return await loading;
  }

  /** What an account has used; reading charges nothing. */
  async function counterOf(header: "x-call" | "x-user-id", value: string): Promise<number> {
    const { headers, text } = await chat(served.url, "gpt-4o", {
      headers: { [header]: value, "x-mock-usage": "0,0" },
    });
    const remaining = headers["x-ratelimit-remaining"];
    if (remaining === undefined) throw new Error(`no limit was told for ${value}: ${text}`);
    return (header === "x-call" ? callLimit : userLimit) - Number(remaining);
  }

  /** Until no request, and no charge for one, is under way any more. */
  async function calm(): Promise<void> {
    await until("every request to end", async () => (await served.envoyStat("http.ai.downstream_rq_active")) === 0);
    // the stream of attempts' reports stays open
    await until(
      "every charge to arrive",
      async () => (await served.envoyStat("cluster.tollgate.upstream_rq_active")) <= 1,
    );
    await until(
      "the access log",
      async () => served.accessLog().length === (await served.envoyStat("http.ai.downstream_rq_total")),
    );
  }

  async function count(calls: readonly Call[]): Promise<readonly Counted[]> {
    await calm();
    const lines = new Map<unknown, LogLine[]>();
    for (const line of served.accessLog())
      lines.set(line["request_id"], [...(lines.get(line["request_id"]) ?? []), line]);
    const counted: Counted[] = [];
    let next = 0;
    const loops = Array.from({ length: clients }, async () => {
      for (let call = calls[next++]; call !== undefined; call = calls[next++]) {
        const [line, ...more] = lines.get(call.id) ?? [];
        expect(more, call.id).to.deep.equal([]);
        // who leaves while the limit is being asked is charged nothing: nothing was sent to a provider
        const acknowledged = line?.["attempts"] ? Number(line["llm_total_token"] ?? 0) : 0;
        const counter = await counterOf("x-call", call.id);
        counted.push({ call, line, acknowledged, counter });
      }
    });
    await Promise.all(loops);
    return counted;
  }

  /** A user's counter and those of the calls are charged together, or neither is. */
  async function expectUsersToAgree(counted: readonly Counted[]): Promise<void> {
    for (let index = 0; index < users; index++) {
      const user = `user-${run}-${index}`;
      const ofCalls = sum(counted.filter(({ call }) => call.user === user).map(({ counter }) => counter));
      expect(await counterOf("x-user-id", user), user).to.equal(ofCalls);
    }
  }

  function billed(): number {
    return mocks.openai.bill().total.total + mocks.anthropic.bill().total.total;
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${served.adminUrl}/metrics`)).text();
    return sum(
      [...text.matchAll(new RegExp(`^tollgate_${name}(?:\\{.*\\})? (\\d+)`, "gm"))].map((found) => Number(found[1])),
    );
  }

  it("are what Envoy last knew, and what the providers billed, when nobody hangs up (L6, L13)", async () => {
    const random = await begin();
    try {
      const calls = await load({ random, hangUps: 0, done: (soFar) => soFar >= 400 });
      const bill = billed();
      const counted = await count(calls);
      for (const { call, line, acknowledged, counter } of counted) {
        expect(line, call.id).to.include({ code: 200 });
        expect(counter, call.id).to.equal(acknowledged);
      }
      expect(sum(counted.map(({ counter }) => counter))).to.equal(bill);
      expect(await metric("fallbacks_total")).to.be.greaterThan(20);
      expect(await metric("unconfirmed_tokens_total")).to.equal(0);
      await expectUsersToAgree(counted);
    } finally {
      await served.close();
    }
  });

  it("are what Envoy last knew when clients hang up, and the metric tells what the gateway knew beyond it (L6)", async () => {
    const random = await begin();
    try {
      const calls = await load({ random, hangUps: 0.5, done: (soFar) => soFar >= 400 });
      const counted = await count(calls);
      const bill = billed();
      let lost = 0;
      let known = 0;
      for (const { call, line, acknowledged, counter } of counted) {
        expect(counter, call.id).to.equal(acknowledged);
        if (line === undefined) continue;
        // a client that was gone before the exchange's first reply may have none
        const receipt =
          line["session"] === null
            ? await findReceipt(served, call.id)
            : await until(`the receipt of ${call.id}`, () => findReceipt(served, call.id));
        const used = receipt?.attempts.at(-1)?.usage?.total_tokens ?? 0;
        if (!call.hungUp) expect(acknowledged, call.id).to.equal(used);
        known += used;
        lost += used - acknowledged;
      }
      expect(lost).to.be.within(0, await metric("unconfirmed_tokens_total"));
      // what a provider wrote and nobody read, only it knows; what was estimated may be more than it
      const left = calls.filter(({ hungUp }) => hungUp).length;
      expect(Math.abs(bill - known)).to.be.at.most(left * maxTokensPerCall);
      await expectUsersToAgree(counted);
    } finally {
      await served.close();
    }
  });

  describe("on Redis", () => {
    let redis: TestRedis;
    before(async () => {
      redis = await startRedis();
    });
    after(() => redis?.stop());

    it("are what Envoy last knew when the store is killed and comes back (L18, L19)", async () => {
      const random = await begin(redis.url);
      try {
        const calls = await loadDuring(random, async () => {
          for (const _ of [1, 2]) {
            await wait(200 + random() * 300);
            await redis.kill();
            await wait(random() * 300);
            await redis.restart();
          }
        });
        // what was charged meanwhile waits in the gateway until the store is back
        const counted = await until(
          "what was charged meanwhile to be in the store",
          async () => {
            const all = await count(calls);
            return all.every(({ counter, acknowledged }) => counter >= acknowledged) ? all : undefined;
          },
          40_000,
        );
        for (const { call, counter, acknowledged } of counted) expect(counter, call.id).to.equal(acknowledged);
        await expectUsersToAgree(counted);
      } finally {
        await served.close();
      }
    });

    it("never have a request twice, and miss only what was under way when the gateway was killed (L15, L19)", async () => {
      const random = await begin(redis.url);
      try {
        const quiet = { random, hangUps: 0.15, done: (soFar: number) => soFar >= 100 };
        const before = await count(await load(quiet));
        const disturbed = await loadDuring(random, async () => {
          await wait(200 + random() * 300);
          await served.kill();
          await redis.restart();
          await served.start();
          await wait(200 + random() * 300);
        });
        const during = await count(disturbed);
        const after = await count(await load(quiet));
        for (const { call, counter, acknowledged } of [...before, ...after])
          expect(counter, call.id).to.equal(acknowledged);
        const missed = during.filter(({ counter, acknowledged }) => counter !== acknowledged);
        for (const { call, counter } of missed) expect(counter, call.id).to.equal(0);
        // of each client the call that it waited for, and the charge for the one before
        expect(missed.length).to.be.within(1, 2 * clients);
        await expectUsersToAgree([...before, ...during, ...after]);
      } finally {
        await served.close();
      }
    });
  });
});

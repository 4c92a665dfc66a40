import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect } from "chai";
import { type RunningMock, startMock } from "../../src/mocks/start-mock.ts";
import { runCommand } from "../cli/run-command.ts";
import { settled, standingOf } from "../support/budget.ts";
import { type Answer, chat, hello, open, send } from "../support/client.ts";
import { type Stack, startStack } from "../support/stack.ts";
import { startUp } from "../support/up.ts";
import { until } from "../support/wait.ts";

const folder = "envoy/resources/patterns";

type Pattern = Stack & { readonly openai: RunningMock; readonly anthropic: RunningMock };

/** A file of `envoy/resources/patterns/` as it stands, with the mock providers that it asks for. */
async function startPattern(name: string): Promise<Pattern> {
  const openai = await startMock({ provider: "OpenAI", apiKey: "demo-openai-key" });
  const anthropic = await startMock({ provider: "Anthropic", apiKey: "demo-anthropic-key" });
  const closeMocks = async (): Promise<void> => {
    await Promise.all([openai.close(), anthropic.close()]);
  };
  try {
    const stack = await startStack({
      paths: [`${folder}/${name}.yaml`],
      mocks: new Map([
        ["ai-services/openai-backend", { host: "127.0.0.1", port: openai.port }],
        ["ai-services/anthropic-backend", { host: "127.0.0.1", port: anthropic.port }],
      ]),
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

interface Usage {
  readonly output: number;
  /** Default 9. */
  readonly input?: number;
  /** What the client allows, and so what is held; default: `output`. */
  readonly maxOutput?: number;
}

/** Headers and body of a request that uses so many tokens. */
function using({ output, input = 9, maxOutput = output }: Usage, headers: Readonly<Record<string, string>>) {
  return {
    headers: { ...headers, "x-mock-usage": `${input},${output}` },
    body: { ...hello, max_completion_tokens: maxOutput },
  };
}

describe("the cost patterns, as they stand, through a real Envoy", function () {
  this.timeout(120_000);
  let pattern: Pattern;
  afterEach(() => pattern?.close());

  function ask(model: string, usage: number | Usage, headers: Readonly<Record<string, string>>): Promise<Answer> {
    return chat(pattern.url, model, using(typeof usage === "number" ? { output: usage } : usage, headers));
  }

  function refusalOf(answer: Answer): Readonly<Record<string, unknown>> {
    expect(answer.status, answer.text).to.equal(429);
    const { error } = answer.json();
    expect(error).to.include({ type: "rate_limit_error", code: "budget_exceeded" });
    return error.budget;
  }

  describe("team-budgets", () => {
    const ofTeam = (team: string) => ({ "x-team-id": team });

    it("gives engineering 10 and marketing 2 million tokens a day, and one does not pay for the other", async () => {
      pattern = await startPattern("team-budgets");
      expect((await ask("gpt-4o", 9_999_000, ofTeam("engineering"))).status).to.equal(200);
      await settled(pattern, "engineering-daily", "*");
      const refused = refusalOf(await ask("gpt-4o", 1_000, ofTeam("engineering")));
      expect(refused).to.include({
        name: "ai-services/engineering-daily",
        unit: "Tokens",
        limit: 10_000_000,
        spent: 9_999_009,
        remaining: 991,
      });
      expect((await ask("gpt-4o", 500, ofTeam("engineering"))).status, "what still fits").to.equal(200);
      expect((await ask("gpt-4o", 1_999_000, ofTeam("marketing"))).status, "another team").to.equal(200);
      await settled(pattern, "marketing-daily", "*");
      expect(refusalOf(await ask("gpt-4o", 1_000, ofTeam("marketing")))).to.include({
        name: "ai-services/marketing-daily",
        limit: 2_000_000,
      });
    });

    it("gives every team 100 million a month, also one that has no daily budget, and those who name none together", async () => {
      pattern = await startPattern("team-budgets");
      expect((await ask("gpt-4o", 99_999_000, ofTeam("research"))).status).to.equal(200);
      await settled(pattern, "any-team-monthly", "research");
      const refused = refusalOf(await ask("gpt-4o", 1_000, ofTeam("research")));
      expect(refused).to.include({
        name: "ai-services/any-team-monthly",
        account: "research",
        limit: 100_000_000,
      });
      const { start, end } = refused["window"] as { readonly start: string; readonly end: string };
      expect([start, end].map((time) => time.slice(7))).to.deep.equal(["-01T00:00:00.000Z", "-01T00:00:00.000Z"]);
      expect((await ask("gpt-4o", 1_000, ofTeam("engineering"))).status).to.equal(200);
      expect(await settled(pattern, "any-team-monthly", "engineering")).to.include({ spent: 1_009 });
      expect((await ask("gpt-4o", 1_000, {})).status).to.equal(200);
      expect(await settled(pattern, "any-team-monthly", "-")).to.include({ spent: 1_009 });
    });
  });

  describe("cost-tiers", () => {
    const ada = { "x-user-id": "ada" };

    it("answers with gpt-4o above 50 %, with gpt-4o-mini down to 20 %, and rejects below", async () => {
      pattern = await startPattern("cost-tiers");
      // a request of gpt-4o costs $2.50, one of gpt-4o-mini $0.75 with 1,250,000 tokens
      const served: (string | undefined)[] = [];
      for (const [output, remaining] of [
        [250_000, "7.49"],
        [250_000, "4.99"],
        [1_250_000, "4.24"],
        [1_250_000, "3.49"],
        [1_250_000, "2.74"],
        [1_250_000, "1.99"],
      ] as const) {
        const answer = await ask("gpt-4o", output, ada);
        expect(answer.status, answer.text).to.equal(200);
        served.push(answer.headers["x-ai-model"]);
        if (answer.headers["x-ai-model"] === "gpt-4o-mini")
          expect(answer.headers["x-ai-gateway-warnings"]).to.contain("model_downgraded");
        const standing = await settled(pattern, "cost-tiers", "ada");
        expect(String(standing.remaining)).to.match(new RegExp(`^${remaining}`));
      }
      expect(served).to.deep.equal(["gpt-4o", "gpt-4o", ...Array<string>(4).fill("gpt-4o-mini")]);
      const refused = await ask("gpt-4o", 1, ada);
      expect(refusalOf(refused)).to.deep.include({
        name: "ai-services/cost-tiers",
        account: "ada",
        limit: "10.00",
        tier: { remaining_below_percent: 20, action: "Reject" },
      });
      expect(refused.json().error.message).to.contain("less than 20 % remains");
      const other = await ask("gpt-4o", 10, { "x-user-id": "bob" });
      expect(other.headers["x-ai-model"], "another user").to.equal("gpt-4o");
    });

    it("lets requests wait in its variant while others hold the rest, and answers them when it is released", async () => {
      pattern = await startPattern("cost-tiers-queue");
      // holds $9.00
      const { request, response } = open(pattern.url, {
        headers: { ...ada, "x-ai-eg-model": "gpt-4o", "x-mock-chunks": "20", "x-mock-chunk-delay": "60000" },
        body: { ...hello, stream: true, max_completion_tokens: 900_000 },
      });
      const incoming = await response;
      await once(incoming, "data");
      incoming.resume();
      const waiting = ask("gpt-4o", 10, ada);
      await until("the second request to have arrived", () => pattern.gateway.sessions.size === 2);
      const first = await Promise.race([
        waiting.then(() => "answered"),
        standingOf(pattern, "cost-tiers-queue", "ada").then(({ tier }) => tier),
      ]);
      expect(first).to.include({ remaining_below_percent: 20, action: "Queue" });
      expect(pattern.openai.requests).to.have.length(1);
      request.destroy();
      const answer = await waiting;
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.headers["x-ai-model"]).to.equal("gpt-4o");
    });
  });

  describe("daily-caps", () => {
    it("counts the dollars of the price table", async () => {
      pattern = await startPattern("daily-caps");
      for (const [model, cost] of [
        ["gpt-4o", "1.25"],
        ["gpt-4o-mini", "0.075"],
        ["claude-sonnet-4-20250514", "1.80"],
      ] as const) {
        const usage = { input: 100_000, output: 100_000, maxOutput: 200_000 };
        const answer = await ask(model, usage, { "x-user-id": model });
        expect(answer.headers["x-ai-gateway-cost-usd"], model).to.equal(cost);
      }
      const { prices } = pattern.config;
      const quote = prices.quote({
        provider: "openai",
        backendId: "ai-services/openai-backend",
        model: "gpt-4o",
        atMs: 0,
      });
      expect(quote.price.source, "it is the file's, not the list's").to.contain("price-table");
    });

    it("refuses at $10 for a user, $100 for a team and $1,000 for all, while those with money left go on", async () => {
      pattern = await startPattern("daily-caps");
      // $9.90, and what nine tokens of input cost
      const spend = (user: string, team: string): Promise<Answer> =>
        ask("gpt-4o", 990_000, { "x-user-id": user, "x-team-id": team });
      expect((await spend("team-0-user-0", "team-0")).status).to.equal(200);
      await settled(pattern, "each-user", "team-0-user-0");
      const user = refusalOf(await spend("team-0-user-0", "team-0"));
      expect(user).to.include({
        name: "ai-services/each-user",
        account: "team-0-user-0",
        limit: "10.00",
        spent: "9.9000225",
        remaining: "0.0999775",
        unit: "USD",
      });
      const everyone = async (team: string, users: readonly number[]): Promise<void> => {
        const answers = await Promise.all(users.map((index) => spend(`${team}-user-${index}`, team)));
        expect(answers.map(({ status }) => status)).to.deep.equal(users.map(() => 200));
      };
      const ten = Array.from({ length: 10 }, (_, index) => index);
      await everyone("team-0", ten.slice(1));
      await settled(pattern, "each-team", "team-0");
      const team = refusalOf(await spend("team-0-user-10", "team-0"));
      expect(team).to.include({ name: "ai-services/each-team", account: "team-0", limit: "100.00" });
      for (const index of ten.slice(1)) await everyone(`team-${index}`, ten);
      // a hundred requests of $9.90 are $990
      expect((await spend("team-10-user-0", "team-10")).status).to.equal(200);
      await settled(pattern, "everybody", "*");
      expect(refusalOf(await spend("team-10-user-1", "team-10"))).to.include({
        name: "ai-services/everybody",
        account: "*",
        limit: "1000.00",
        spent: "999.9022725",
      });
      expect((await standingOf(pattern, "each-user", "team-10-user-1")).spent, "refused by one, paid by none").to.equal(
        "0.00",
      );
      expect((await ask("gpt-4o-mini", 10_000, { "x-user-id": "team-10-user-1" })).status).to.equal(200);
    });
  });

  describe("hundred-dollars-ten-users", () => {
    const urgent = { priority: "high" };

    it("answers urgent requests with gpt-4o and all others with gpt-4o-mini, and both fall back to Anthropic", async () => {
      pattern = await startPattern("hundred-dollars-ten-users");
      const served: (string | undefined)[] = [];
      for (const headers of [urgent, {}, { "x-ai-eg-model": "gpt-4o" }])
        for (const fault of [{}, { "x-mock-fault": "openai=429" }]) {
          const answer = await send(pattern.url, using({ output: 100 }, { "x-user-id": "ada", ...headers, ...fault }));
          expect(answer.status, answer.text).to.equal(200);
          served.push(answer.headers["x-ai-model"]);
        }
      const mini = ["gpt-4o-mini", "claude-3-5-haiku-20241022"];
      expect(served).to.deep.equal(["gpt-4o", "claude-sonnet-4-20250514", ...mini, ...mini]);
    });

    it("is what `tollgate plan` says: each of ten users has what a tenth buys, and the eleventh finds nothing", async () => {
      const { stdout } = await runCommand("plan --budget 100/day --users 10 --model gpt-4o --mix 50/50".split(" "));
      expect(stdout).to.contain("$100.00 per day for 10 users: $10.00 each");
      expect(stdout).to.match(/^gpt-4o .* 800,000 +800,000 /m);

      pattern = await startPattern("hundred-dollars-ten-users");
      // a little less than 800,000 in and out: $9.875, of which $9.90 are held before
      const usage = { input: 790_000, output: 790_000, maxOutput: 990_000 };
      const spend = (user: number): Promise<Answer> =>
        send(pattern.url, using(usage, { ...urgent, "x-user-id": `user-${user}` }));
      const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => spend(index)));
      expect(answers.map(({ status, headers }) => [status, headers["x-ai-gateway-cost-usd"]])).to.deep.equal(
        answers.map(() => [200, "9.875"]),
      );
      expect(await settled(pattern, "hundred-for-all", "*")).to.include({ spent: "98.75", overrun: "0.00" });
      expect(refusalOf(await spend(3))).to.include({
        name: "ai-services/a-tenth-each",
        limit: "10.00",
        spent: "9.875",
      });
      expect(refusalOf(await spend(10))).to.include({
        name: "ai-services/hundred-for-all",
        account: "*",
        limit: "100.00",
        remaining: "1.25",
      });
    });
  });
});

describe("the head of a cost pattern", function () {
  this.timeout(60_000);

  /** The curl commands of a file's first comment; continued lines belong together. */
  function commandsOf(name: string): readonly string[] {
    const text = readFileSync(`${folder}/${name}.yaml`, "utf8").replaceAll(/^# ? ?/gm, "");
    return [...text.matchAll(/^ *(curl (?:.*\\\n)*.*)$/gm)].map((match) => match[1] ?? "");
  }

  /** What the commands print, sent to another address than the one that they name. */
  async function runCommandsOf(name: string, url: string): Promise<string> {
    let output = "";
    for (const command of commandsOf(name)) {
      const here = command.replaceAll("http://127.0.0.1:8080", url);
      output += (await promisify(execFile)("/bin/sh", ["-c", here])).stdout.replaceAll("\r", "");
    }
    return output;
  }

  function expectOutput(output: string, statuses: readonly number[], detail: string): void {
    const seen = [...output.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]));
    expect(seen, output).to.deep.equal(statuses);
    expect(output).to.contain(detail);
  }

  for (const [name, statuses, detail] of [
    ["team-budgets", [200, 429], '"remaining":2991'],
    ["cost-tiers", [200], "x-ai-gateway-cost-usd: 3.00"],
    ["hundred-dollars-ten-users", [200], "x-ai-model: gpt-4o\n"],
  ] as const) {
    it(`has curl commands that do what it says: ${name}.yaml`, async () => {
      const pattern = await startPattern(name);
      try {
        expectOutput(await runCommandsOf(name, pattern.url), statuses, detail);
      } finally {
        await pattern.close();
      }
    });
  }

  it("has a command that starts it, with mock providers and without a warning: daily-caps.yaml", async () => {
    const up = await startUp({ args: ["-f", `${folder}/daily-caps.yaml`] });
    try {
      await up.untilUp();
      expect(up.stderr).to.equal("");
      const output = await runCommandsOf("daily-caps", up.url);
      expectOutput(output, [200, 429], "ai-services/each-user, account ada: $9.50");
    } finally {
      await up.close();
    }
  });

  for (const file of readdirSync(folder)) {
    it(`names its own file, and nothing in it is unresolved or warned about: ${file}`, async () => {
      expect(readFileSync(`${folder}/${file}`, "utf8")).to.contain(`npm start -- -f ${folder}/${file}\n`);
      const { code, stdout, stderr } = await runCommand(["validate", "--strict", "-f", `${folder}/${file}`]);
      expect(code, stderr).to.equal(0);
      expect(stdout + stderr).to.match(/^\d+ resources, 0 errors, 0 unresolved, 0 warnings\n$/);
    });
  }
});

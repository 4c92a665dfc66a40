import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { UsageError } from "../../src/cli/options.ts";
import { plan } from "../../src/cli/plan.ts";
import { validate } from "../../src/cli/validate.ts";
import { aiResource, configOf, document } from "../config/support.ts";

const lesson = ["--budget", "100/day", "--users", "10", "--model", "gpt-4o", "--mix", "50/50"];

async function run(...args: string[]): Promise<string> {
  let output = "";
  const io = { stdout: { write: (text: string) => (output += text) }, stderr: { write: () => true }, env: {} };
  expect(await plan(args, io)).to.equal(0);
  return output;
}

async function refusal(...args: string[]): Promise<Error> {
  try {
    await run(...args);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was accepted");
}

/** The cells of the line that begins with this model. */
function cells(table: string, model: string): readonly string[] {
  return (
    table
      .split("\n")
      .find((line) => line.startsWith(`${model} `))
      ?.split(/\s+/) ?? []
  );
}

describe("plan", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-plan-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  function file(text: string): string {
    const path = join(folder, "resources.yaml");
    writeFileSync(path, text);
    return path;
  }

  it("turns dollars into tokens per user, a line for each model", async () => {
    const table = await run(...lesson, "--model", "gpt-4o-mini");
    expect(table).to.contain("$100.00 per day for 10 users: $10.00 each. Input/output 50/50");
    expect(cells(table, "gpt-4o")).to.deep.equal([
      "gpt-4o",
      "2.50",
      "10.00",
      "16,000,000",
      "1,600,000",
      "800,000",
      "800,000",
      "1,000,000",
    ]);
    expect(cells(table, "gpt-4o-mini").slice(3, 5)).to.deep.equal(["266,666,666", "26,666,666"]);
  });

  it("reads other budgets, mixes and providers", async () => {
    const table = await run("--budget", "$0.5/Hour", "--model", "llama-3.3-70b-versatile", "--provider", "groq");
    expect(table).to.contain("$0.50 per hour for 1 user: $0.50 each");
    expect(cells(await run("--budget", "10/month", "--model", "gpt-4o", "--mix", "1/0"), "gpt-4o")[3]).to.equal(
      "4,000,000",
    );
  });

  it("takes the prices of PriceBooks first", async () => {
    const prices = "{prices: [{models: [gpt-4o], perMillionTokens: {input: 1, output: 1}}]}";
    const path = file(document("tollgate.dev/v1alpha1", "PriceBook", "ours", prices));
    const table = await run(...lesson, "-f", path);
    expect(table).to.contain("Prices: PriceBook default/ours");
    expect(cells(table, "gpt-4o")[4]).to.equal("10,000,000");
  });

  it("takes the prices of the backend that is named", async () => {
    const prices =
      "{prices: [{models: [llama], backendRef: {name: own}, perMillionTokens: {input: 0, output: 2}}, {models: [llama], perMillionTokens: {input: 5, output: 5}}]}";
    const path = file(
      document("tollgate.dev/v1alpha1", "PriceBook", "ai/ours", prices) +
        aiResource("AIBackend", "ai/own", "{provider: vLLM}"),
    );
    const budget = ["--budget", "10/day", "--model", "llama", "-f", path];
    expect(cells(await run(...budget, "--namespace", "ai", "--backend", "own"), "llama")[3]).to.equal("10,000,000");
    expect(cells(await run(...budget), "llama")[3]).to.equal("2,000,000");
    expect((await refusal(...budget, "--backend", "own")).message).to.equal(
      "there is no backend default/own; there are ai/own",
    );
    expect((await refusal(...lesson, "--backend", "own")).message).to.contain("name them with -f");
  });

  for (const limitBy of ["dollars", "tokens"]) {
    it(`writes limits in ${limitBy} that validate accepts, and that limit the route`, async () => {
      const route =
        aiResource("AIBackend", "ai/vllm", "{provider: vLLM, model: gpt-4o}") +
        aiResource("AIGatewayRoute", "ai/llm-route", "{rules: [{name: all, backendRefs: [{name: vllm}]}]}");
      const yaml = await run(...lesson, "--output", "yaml", "--limit-by", limitBy, "--namespace", "ai");
      const text = `${yaml}${route}`;
      let output = "";
      const io = { stdout: { write: (told: string) => (output += told) }, stderr: { write: () => true }, env: {} };
      expect(await validate(["-f", file(text), "--strict"], io), output).to.equal(0);
      expect(output).to.match(/ 0 errors, 0 unresolved/);
      const limits = configOf(text).rules.get("ai/llm-route/all")?.limits ?? [];
      const numbers = limits.map(({ limit, unit, responseCost }) => [limit, unit, responseCost]);
      const dollars = { from: "Metadata", key: "llm_cost_usd" };
      expect(numbers).to.deep.equal(
        limitBy === "dollars"
          ? [
              [10_000_000, "Day", dollars],
              [100_000_000, "Day", dollars],
            ]
          : [[1_600_000, "Day", { from: "Metadata", key: "llm_total_token" }]],
      );
      expect(limits[0]?.selectors[0]).to.deep.equal({ kind: "header", type: "Distinct", name: "x-user-id" });
    });
  }

  it("says what is wrong with how it was called", async () => {
    for (const [args, told] of [
      [["--model", "gpt-4o"], "--budget 100/day"],
      [["--budget", "100/day"], "--model gpt-4o"],
      [["--budget", "100", "--model", "gpt-4o"], 'such as 100/day, not "100"'],
      [["--budget", "0/day", "--model", "gpt-4o"], "such as 100/day"],
      [["--budget=-5/day", "--model", "gpt-4o"], "such as 100/day"],
      [["--budget", "100/fortnight", "--model", "gpt-4o"], "minute, hour, day, week, month, year"],
      [[...lesson, "--users", "0"], "--users must be a whole number"],
      [[...lesson, "--mix", "0/0"], "--mix must be"],
      [[...lesson, "--mix", "half"], "--mix must be"],
      [[...lesson, "--output", "json"], "--output must be table or yaml, not json"],
      [[...lesson, "--provider", "OpenIA"], "--provider must be one of OpenAI"],
      [[...lesson, "--model", "gpt-4o-mini", "--output", "yaml", "--limit-by", "tokens"], "name one --model"],
      [["gpt-4o"], "gpt-4o is no option"],
    ] as const) {
      const error = await refusal(...args);
      expect(error, args.join(" ")).to.be.instanceOf(UsageError);
      expect(error.message).to.contain(told);
    }
  });

  it("says so when nobody knows a price", async () => {
    expect((await refusal("--budget", "1/day", "--model", "made-up")).message).to.equal(
      "no price of made-up is known; write it into a PriceBook and name that with -f",
    );
    expect((await refusal(...lesson, "--provider", "groq")).message).to.contain("no price of gpt-4o at Groq is known");
  });
});

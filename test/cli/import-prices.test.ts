import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { importPrices } from "../../src/cli/import-prices.ts";
import { UsageError } from "../../src/cli/options.ts";
import { aiResource, configOf } from "../config/support.ts";

const rates = { litellm_provider: "openai", input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7 };
const table = {
  "house-a": rates,
  "house-b": rates,
  "house-c": {
    ...rates,
    input_cost_per_token_above_200k_tokens: 3e-7,
    input_cost_per_token_flex: 7.5e-8,
    output_cost_per_token_flex: 3e-7,
  },
  "watsonx/granite": { ...rates, litellm_provider: "watsonx" },
};

describe("importPrices", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-import-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  async function run(text: string, ...options: string[]) {
    const file = join(folder, "prices.json");
    writeFileSync(file, text);
    const written = { stdout: "", stderr: "" };
    const code = await importPrices([file, ...options], {
      stdout: { write: (more: string) => (written.stdout += more) },
      stderr: { write: (more: string) => (written.stderr += more) },
      env: {},
    });
    return { code, ...written };
  }

  it("makes a PriceBook that prices the backends of its namespace", async () => {
    const { code, stdout, stderr } = await run(JSON.stringify(table), "--namespace", "ai");
    expect(code).to.equal(0);
    expect(stderr).to.equal("3 models imported; left out: 1 of providers that are not served\n");
    const { prices } = configOf(`${stdout}${aiResource("AIBackend", "ai/a", "{provider: OpenAI}")}`);
    const find = (model: string) => prices.find({ provider: "openai", backendId: "ai/a", model, atMs: 0 });
    for (const model of ["house-a", "house-b", "house-c"]) {
      expect(find(model)?.source).to.equal("PriceBook ai/litellm");
      expect(find(model)?.rates).to.include({ input: 150_000_000, output: 600_000_000 });
    }
    expect(find("house-a")?.longContext).to.deep.equal([]);
    expect(find("house-c")?.tiers?.flex?.rates).to.include({ input: 75_000_000, output: 300_000_000 });
    expect(find("house-c")?.longContext[0]?.rates).to.include({ input: 300_000_000, output: 600_000_000 });
  });

  it("writes models of one price together, into a file if it is told one", async () => {
    const output = join(folder, "book.yaml");
    const { stdout } = await run(JSON.stringify(table), "--output", output, "--name", "ours");
    expect(stdout).to.equal("");
    const text = readFileSync(output, "utf8");
    expect(text).to.contain("name: ours").and.contain("- house-a\n        - house-b\n");
    expect(text.match(/- models:/g)).to.have.length(2);
  });

  it("says what is wrong with a file", async () => {
    for (const [text, told] of [
      ["{", "is not JSON"],
      ["{}", "is it LiteLLM's price table?"],
      ["[]", "is it LiteLLM's price table?"],
    ] as const) {
      const error = await run(text).catch((thrown: unknown) => thrown as Error);
      expect(error).to.be.instanceOf(Error).and.have.property("message").that.contains(told);
    }
    const error = await run("{}", "another.json").catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(UsageError);
  });
});

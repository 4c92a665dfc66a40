import { expect } from "chai";
import { parse } from "yaml";
import { asFiles } from "../../src/cli/applied-resources.ts";
import { checkFiles } from "../../src/cli/configuration.ts";
import { runCommand } from "./run-command.ts";

const set = (values: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(values).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
const budget = { service: "chat", namespace: "ai-services", route: "llm-route" };
const fallback = {
  route: "chat",
  namespace: "ai-services",
  model: "gpt-4o",
  primary_provider: "openai",
  fallback_provider: "anthropic",
};

describe("tollgate template", () => {
  it("fills in a token budget, with defaults", async () => {
    const { stdout } = await runCommand(["template", "token-budget", ...set(budget)]);
    const policy = parse(stdout);
    expect(policy).to.include({ kind: "BackendTrafficPolicy" });
    expect(policy.metadata).to.deep.equal({ name: "chat-token-budget", namespace: "ai-services" });
    expect(policy.spec.targetRefs[0].name).to.equal("llm-route");
    expect(policy.spec.rateLimit.global.rules[0].limit).to.deep.equal({ requests: 100_000, unit: "Hour" });
    const other = await runCommand(["template", "token-budget", ...set({ ...budget, token_limit: "5", unit: "Day" })]);
    expect(parse(other.stdout).spec.rateLimit.global.rules[0].limit).to.deep.equal({ requests: 5, unit: "Day" });
  });

  it("fills in a provider fallback", async () => {
    const { stdout } = await runCommand(["template", "provider-fallback", ...set(fallback)]);
    const route = parse(stdout);
    expect(route.metadata.name).to.equal("chat-fallback");
    expect(route.spec.rules[0].matches[0].headers[0]).to.deep.equal({ name: "x-ai-eg-model", value: "gpt-4o" });
    expect(route.spec.rules[0].backendRefs).to.deep.equal([
      { name: "openai-backend", weight: 100, priority: 1 },
      { name: "anthropic-backend", weight: 100, priority: 2 },
    ]);
  });

  it("makes resources that are valid", async () => {
    for (const args of [
      ["token-budget", ...set(budget)],
      ["provider-fallback", ...set(fallback)],
    ]) {
      const { stdout } = await runCommand(["template", ...args]);
      const { diagnostics } = checkFiles(asFiles([{ path: "t.yaml", text: stdout }]), {}, undefined);
      expect(diagnostics.filter(({ severity }) => severity === "error")).to.deep.equal([]);
    }
  });

  it("says what is missing, unknown or no value: exit status 2", async () => {
    for (const [args, message] of [
      [["token-budget", "--set", "service=x"], "token-budget needs --set namespace=… --set route=… as well"],
      [["token-budget", ...set({ ...budget, servise: "x" })], 'has no servise; did you mean "service"?'],
      [["token-budget", ...set({ ...budget, token_limit: "many" })], "token_limit must be a whole number"],
      [["token-budget", ...set({ ...budget, unit: "Hours" })], "unit must be Second, Minute, Hour"],
      [["token-budget", "--set", "service"], "--set must be KEY=VALUE"],
      [["budget"], "name one template: token-budget or provider-fallback"],
      [[], "name one template"],
    ] as const) {
      const { code, stderr } = await runCommand(["template", ...args]);
      expect(code).to.equal(2);
      expect(stderr).to.contain(message);
    }
  });
});

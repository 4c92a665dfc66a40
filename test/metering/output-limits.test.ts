import { expect } from "chai";
import { maxOutputTokensOf, mayHideOutput } from "../../src/metering/output-limits.ts";

describe("maxOutputTokensOf", () => {
  it("takes the longest beginning that is listed, whatever stands before the model's name", () => {
    expect(
      Object.fromEntries(
        [
          "gpt-4o-mini-2024-07-18",
          "gpt-4-0613",
          "claude-3-5-haiku-20241022",
          "claude-sonnet-4-20250514",
          "eu.anthropic.claude-3-haiku-20240307-v1:0",
          "us.amazon.nova-pro-v1:0",
          "openai/gpt-4.1",
          "never-heard-of",
        ].map((model) => [model, maxOutputTokensOf(model)]),
      ),
    ).to.deep.equal({
      "gpt-4o-mini-2024-07-18": 16_384,
      "gpt-4-0613": 4_096,
      "claude-3-5-haiku-20241022": 8_192,
      "claude-sonnet-4-20250514": 64_000,
      "eu.anthropic.claude-3-haiku-20240307-v1:0": 4_096,
      "us.amazon.nova-pro-v1:0": 10_000,
      "openai/gpt-4.1": 32_768,
      "never-heard-of": 4_096,
    });
  });
});

describe("mayHideOutput", () => {
  const hides = (model: string, request: object = {}): boolean =>
    mayHideOutput(model, Buffer.from(JSON.stringify(request)));

  it("knows models that think unasked", () => {
    for (const model of ["o1", "o3-mini", "gpt-5-nano", "openai/o4-mini", "gemini-2.5-pro", "grok-4"])
      expect(hides(model), model).to.equal(true);
    for (const model of ["gpt-4o", "claude-sonnet-4-20250514", "mistral-large", "llama-3"])
      expect(hides(model), model).to.equal(false);
  });

  it("knows requests that ask a model to think", () => {
    expect(hides("claude-sonnet-4-20250514", { reasoning_effort: "low" })).to.equal(true);
    expect(hides("claude-sonnet-4-20250514", { thinking: { type: "enabled" } })).to.equal(true);
    expect(hides("openrouter-model", { reasoning: {} })).to.equal(true);
  });

  it("does not take what is only spoken of for a member", () => {
    expect(hides("gpt-4o", { messages: [{ content: 'what does "thinking" cost?' }] })).to.equal(false);
  });
});

import { expect } from "chai";
import fc from "fast-check";
import type { TokenUsage } from "../../../src/core/usage.ts";
import { AnthropicUsage } from "../../../src/providers/anthropic/usage.ts";
import { AnswerSink } from "../../../src/providers/common/answer-sink.ts";
import { ChatAnswerWriter } from "../../../src/providers/common/chat-answer-writer.ts";
import { JsonView } from "../../../src/providers/common/json-view.ts";

function follow(...reports: readonly unknown[]): { usage: TokenUsage | undefined; notes: readonly string[] } {
  const sink = new AnswerSink(new ChatAnswerWriter(0));
  const usage = new AnthropicUsage();
  for (const report of reports) {
    const text = JSON.stringify({ usage: report });
    usage.report(JsonView.document(text, JSON.parse(text)).member("usage"), sink);
  }
  return { usage: sink.usage, notes: sink.takeNotes() ?? [] };
}

describe("AnthropicUsage", () => {
  it("counts cached and written tokens into input (R148)", () => {
    const { usage } = follow({
      input_tokens: 10,
      cache_read_input_tokens: 30,
      cache_creation_input_tokens: 5,
      output_tokens: 2,
    });
    expect(usage).to.include({ input: 45, cachedInput: 30, cacheWrite: 5, output: 2 });
  });

  it("keeps what is not told undefined, and a told 0 is 0 (R146)", () => {
    expect(follow({}).usage).to.equal(undefined);
    expect(follow(null, undefined, 5).usage).to.equal(undefined);
    expect(follow({ output_tokens: 0 }).usage).to.deep.include({ input: undefined, cachedInput: undefined, output: 0 });
    expect(follow({ cache_read_input_tokens: 4 }).usage).to.include({ input: 4, cachedInput: 4 });
  });

  it("replaces with later reports, keeps what they leave out (R147)", () => {
    const { usage } = follow(
      { input_tokens: 10, cache_read_input_tokens: 30, output_tokens: 1 },
      { output_tokens: 50, cache_read_input_tokens: null },
      { input_tokens: 12, output_tokens: 60 },
    );
    expect(usage).to.include({ input: 42, cachedInput: 30, output: 60 });
  });

  it("keeps cache writes by their time to live apart (R153)", () => {
    const cache_creation = { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 };
    const { usage } = follow({ input_tokens: 1, cache_creation_input_tokens: 7, cache_creation }, { output_tokens: 5 });
    expect(usage).to.include({ input: 8, cacheWrite: 7, cacheWrite5m: 3, cacheWrite1h: 4, output: 5 });
  });

  it("tells thinking tokens, which output includes", () => {
    expect(follow({ output_tokens: 50, output_tokens_details: { thinking_tokens: 40 } }).usage).to.include({
      output: 50,
      reasoning: 40,
    });
  });

  it("ignores and counts what is no counter, floors fractions (R151)", () => {
    const { usage, notes } = follow(
      { input_tokens: 5.9 },
      { input_tokens: -1, output_tokens: "7", cache_read_input_tokens: {} },
    );
    expect(usage).to.include({ input: 5 });
    expect(usage?.output).to.equal(undefined);
    expect(notes).to.deep.equal(["bad_usage_counter", "bad_usage_counter", "bad_usage_counter"]);
  });

  it("ends with the last value of each counter, however often it is told", () => {
    const counter = fc.option(fc.nat(), { nil: undefined });
    const report = fc.record({
      input_tokens: counter,
      cache_read_input_tokens: counter,
      cache_creation_input_tokens: counter,
      output_tokens: counter,
    });
    fc.assert(
      fc.property(fc.array(report), (reports) => {
        const last = (name: keyof (typeof reports)[number]) =>
          reports.findLast((told) => told[name] !== undefined)?.[name];
        const parts = [last("input_tokens"), last("cache_read_input_tokens"), last("cache_creation_input_tokens")];
        const told = parts.filter((part) => part !== undefined);
        const { usage } = follow(...reports, ...reports.slice(-1));
        expect(usage?.input).to.equal(told.length === 0 ? undefined : told.reduce((sum, part) => sum + part, 0));
        expect(usage?.output).to.equal(last("output_tokens"));
        expect(usage?.cachedInput ?? 0).to.be.at.most(usage?.input ?? 0);
      }),
    );
  });

  it("L1: tells the tier that the counters name, and keeps it through reports that name none", () => {
    const tier = (service_tier: unknown) =>
      follow({ input_tokens: 1, service_tier }, { output_tokens: 2 }).usage?.serviceTier;
    expect(["batch", "priority", "standard", null].map(tier)).to.deep.equal([
      "batch",
      "priority",
      undefined,
      undefined,
    ]);
    expect(follow({ input_tokens: 1, service_tier: "warp" }).notes).to.deep.equal(["unknown_service_tier"]);
  });
});

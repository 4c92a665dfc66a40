import { expect } from "chai";
import fc from "fast-check";
import type { TokenUsage } from "../../../src/core/usage.ts";
import { ConverseUsage } from "../../../src/providers/aws-bedrock/usage.ts";
import { AnswerSink } from "../../../src/providers/common/answer-sink.ts";
import { ChatAnswerWriter } from "../../../src/providers/common/chat-answer-writer.ts";
import { JsonView } from "../../../src/providers/common/json-view.ts";

function follow(...reports: readonly unknown[]): { usage: TokenUsage | undefined; notes: readonly string[] } {
  const sink = new AnswerSink(new ChatAnswerWriter(0));
  const usage = new ConverseUsage();
  for (const report of reports) {
    const text = JSON.stringify({ usage: report });
    usage.report(JsonView.document(text, JSON.parse(text)), sink);
  }
  return { usage: sink.usage, notes: sink.takeNotes() ?? [] };
}

describe("ConverseUsage", () => {
  it("counts cached and written tokens into input (R148)", () => {
    const told = { inputTokens: 10, cacheReadInputTokens: 30, cacheWriteInputTokens: 5, outputTokens: 2 };
    const { usage } = follow(told);
    expect(usage).to.include({ input: 45, cachedInput: 30, cacheWrite: 5, output: 2 });
  });

  it("keeps what is not told undefined, and a told 0 is 0 (R146)", () => {
    expect(follow({}, null, undefined, 5).usage).to.equal(undefined);
    expect(follow({ totalTokens: 3 }).usage).to.equal(undefined);
    expect(follow({ outputTokens: 0 }).usage).to.deep.include({ input: undefined, cachedInput: undefined, output: 0 });
    expect(follow({ cacheReadInputTokens: 4 }).usage).to.include({ input: 4, cachedInput: 4 });
  });

  it("replaces with a later report, keeps what it leaves out (R147)", () => {
    const { usage } = follow(
      { inputTokens: 10, cacheReadInputTokens: 30, outputTokens: 1 },
      { outputTokens: 50, cacheReadInputTokens: null },
    );
    expect(usage).to.include({ input: 40, cachedInput: 30, output: 50 });
  });

  it("keeps cache writes by their time to live apart (R153)", () => {
    const cacheDetails = [
      { ttl: "5m", inputTokens: 3 },
      { ttl: "1h", inputTokens: 4 },
      { ttl: "5m", inputTokens: 1 },
      { ttl: "9d", inputTokens: 9 },
    ];
    const { usage } = follow({ inputTokens: 1, cacheWriteInputTokens: 8, cacheDetails, outputTokens: 5 });
    expect(usage).to.include({ input: 9, cacheWrite: 8, cacheWrite5m: 4, cacheWrite1h: 4, output: 5 });
    expect(follow({ inputTokens: 1, cacheDetails: "none" }).usage).to.include({ cacheWrite5m: undefined });
  });

  it("notes a total that is not the sum, which alone is no report", () => {
    expect(follow({ inputTokens: 1, outputTokens: 2, totalTokens: 3 }).notes).to.deep.equal([]);
    expect(follow({ inputTokens: 1, outputTokens: 2, totalTokens: 4 }).notes).to.deep.equal(["usage_total_mismatch"]);
    expect(follow({ inputTokens: 1, outputTokens: 2, totalTokens: 4 }).usage).to.include({ input: 1, output: 2 });
  });

  it("ignores and counts what is no counter, floors fractions (R151)", () => {
    const { usage, notes } = follow(
      { inputTokens: 5.9 },
      { inputTokens: -1, outputTokens: "7", cacheReadInputTokens: {} },
    );
    expect(usage).to.include({ input: 5, output: undefined });
    expect(notes).to.deep.equal(["bad_usage_counter", "bad_usage_counter", "bad_usage_counter"]);
  });

  it("ends with the last value of each counter, however often it is told", () => {
    const counter = fc.option(fc.nat(), { nil: undefined });
    const report = fc.record({ inputTokens: counter, cacheReadInputTokens: counter, outputTokens: counter });
    fc.assert(
      fc.property(fc.array(report), (reports) => {
        const last = (name: keyof (typeof reports)[number]) =>
          reports.findLast((told) => told[name] !== undefined)?.[name];
        const told = [last("inputTokens"), last("cacheReadInputTokens")].filter((part) => part !== undefined);
        const { usage } = follow(...reports, ...reports.slice(-1));
        expect(usage?.input).to.equal(told.length === 0 ? undefined : told.reduce((sum, part) => sum + part, 0));
        expect(usage?.output).to.equal(last("outputTokens"));
        expect(usage?.cachedInput ?? 0).to.be.at.most(usage?.input ?? 0);
      }),
    );
  });

  it("L1: tells the tier that stands beside the counters", () => {
    const tier = (type: unknown): unknown => {
      const sink = new AnswerSink(new ChatAnswerWriter(0));
      const text = JSON.stringify({ usage: { inputTokens: 1 }, serviceTier: { type } });
      new ConverseUsage().report(JsonView.document(text, JSON.parse(text)), sink);
      return sink.usage?.serviceTier;
    };
    expect(["flex", "priority", "default", "reserved", null].map(tier)).to.deep.equal([
      "flex",
      "priority",
      undefined,
      undefined,
      undefined,
    ]);
  });
});

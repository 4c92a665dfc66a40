import { expect } from "chai";
import fc from "fast-check";
import type { TokenUsage } from "../../../src/core/usage.ts";
import { stringifyRaw } from "../../../src/lib/raw-json.ts";
import { ChatAnswerWriter } from "../../../src/providers/common/chat-answer-writer.ts";
import { ChatStreamWriter } from "../../../src/providers/common/chat-stream-writer.ts";
import { type ChatWriter, type FinishReason, renderChatUsage } from "../../../src/providers/common/chat-writer.ts";
import { foldChatStream } from "./chat-stream.ts";

function text(writer: ChatWriter): string {
  return Buffer.from(writer.take()).toString();
}

type Operation = (writer: ChatWriter) => void;

const finishReasons: readonly FinishReason[] = ["stop", "length", "tool_calls", "content_filter"];

/** Legal sequences of operations; tool pieces of one call follow its start. */
const operations: fc.Arbitrary<readonly Operation[]> = fc
  .array(
    fc.oneof(
      fc.record({
        kind: fc.constantFrom("text", "reasoning", "refusal", "block"),
        value: fc.string({ unit: "binary" }),
      }),
      fc.record({ kind: fc.constant("tool"), value: fc.string(), pieces: fc.array(fc.string({ unit: "binary" })) }),
    ),
    { maxLength: 12 },
  )
  .map((steps) => {
    let tools = 0;
    return steps.map((step): Operation => {
      if (step.kind === "text") return (writer) => writer.text(step.value);
      if (step.kind === "reasoning") return (writer) => writer.reasoning(step.value);
      if (step.kind === "refusal") return (writer) => writer.refusal(step.value);
      if (step.kind === "block")
        return (writer) => writer.thinkingBlock({ type: "redacted_thinking", data: step.value });
      const index = tools++;
      return (writer) => {
        writer.toolStart(index, `id${index}`, step.value);
        for (const piece of "pieces" in step ? step.pieces : []) writer.toolArguments(index, piece);
      };
    });
  });

describe("ChatWriter", () => {
  it("gives the same answer as a stream and whole (R143)", () => {
    fc.assert(
      fc.property(operations, fc.constantFrom(...finishReasons), fc.option(fc.nat()), (steps, reason, output) => {
        const run = (writer: ChatWriter): string => {
          writer.start({ id: "chat-1", model: "m" });
          for (const step of steps) step(writer);
          writer.finish(reason);
          if (output !== null) writer.usage({ output });
          writer.done();
          return text(writer);
        };
        const folded = foldChatStream(run(new ChatStreamWriter(7, true)));
        expect(folded.done).to.equal(true);
        expect(folded.answer).to.deep.equal(JSON.parse(run(new ChatAnswerWriter(7))));
      }),
    );
  });
});

describe("ChatStreamWriter", () => {
  function chunks(stream: string): Record<string, unknown>[] {
    return [...foldChatStream(stream).chunks];
  }

  it("sends the role once and first (R121), the same id, created and object in all chunks (R123)", () => {
    const writer = new ChatStreamWriter(7, true);
    writer.start({ id: "a", model: "m" });
    writer.start({ id: "b", model: "n" });
    writer.text("x");
    writer.finish("stop");
    writer.usage({ input: 0, output: 0 });
    const all = chunks(text(writer));
    expect(JSON.stringify(all).match(/"role"/g)).to.have.length(1);
    for (const chunk of all)
      expect(chunk).to.include({ id: "a", model: "m", created: 7, object: "chat.completion.chunk" });
  });

  it("says finish_reason null explicitly until the end (R122)", () => {
    const writer = new ChatStreamWriter(7, false);
    writer.start({ id: "a", model: "m" });
    writer.text("x");
    expect(text(writer).match(/"finish_reason":null/g)).to.have.length(2);
    writer.finish("length");
    expect(text(writer)).to.include('"delta":{},"logprobs":null,"finish_reason":"length"');
  });

  it("starts a tool call with all members and continues with arguments only (R117)", () => {
    const writer = new ChatStreamWriter(7, false);
    writer.toolStart(1, "id", "f");
    writer.toolArguments(1, "{");
    writer.toolArguments(1, "");
    const stream = text(writer);
    expect(stream).to.include(
      '{"tool_calls":[{"index":1,"id":"id","type":"function","function":{"name":"f","arguments":""}}]}',
    );
    expect(stream).to.include('{"tool_calls":[{"index":1,"function":{"arguments":"{"}}]}');
    expect(chunks(stream)).to.have.length(2);
  });

  it("sends no chunk for empty text and all thinking blocks in one delta before the finish (R113, R114)", () => {
    const writer = new ChatStreamWriter(7, false);
    writer.text("");
    writer.reasoning("");
    writer.refusal("");
    writer.thinkingBlock({ type: "thinking", thinking: "a", signature: "s" });
    writer.thinkingBlock({ type: "redacted_thinking", data: "d" });
    expect(text(writer)).to.equal("");
    writer.finish("stop");
    const deltas = chunks(text(writer)).map((chunk) => (chunk["choices"] as { delta: object }[])[0]?.delta);
    expect(deltas).to.deep.equal([
      {
        thinking_blocks: [
          { type: "thinking", thinking: "a", signature: "s" },
          { type: "redacted_thinking", data: "d" },
        ],
      },
      {},
    ]);
  });

  it("sends usage only to a client that asked, also when it is 0 (R9, R124)", () => {
    for (const asked of [true, false]) {
      const writer = new ChatStreamWriter(7, asked);
      writer.usage({ input: 0, output: 0 });
      const stream = text(writer);
      if (asked)
        expect(stream).to.include('"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}');
      else expect(stream).to.equal("");
    }
  });

  it("ends every event with a blank line (R45)", () => {
    const writer = new ChatStreamWriter(7, true);
    writer.start({ id: "a", model: "line\nbreak" });
    writer.keepAlive();
    writer.done();
    const stream = text(writer);
    expect(stream.split("\n\n")).to.have.length(4);
    expect(stream.endsWith("data: [DONE]\n\n")).to.equal(true);
  });

  it("counts what the model wrote since the last call, text, reasoning, refusal and arguments", () => {
    for (const writer of [new ChatStreamWriter(7, false), new ChatAnswerWriter(7)]) {
      writer.text("12");
      writer.reasoning("345");
      writer.refusal("6");
      writer.toolStart(0, "long-id", "long-name");
      writer.toolArguments(0, "7890");
      expect(writer.takeOutputBytes()).to.equal(10);
      expect(writer.takeOutputBytes()).to.equal(0);
    }
  });
});

describe("renderChatUsage", () => {
  const cases: readonly [TokenUsage, unknown][] = [
    [{}, undefined],
    [{ cachedInput: 3 }, undefined],
    [
      { input: 10, output: 5 },
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    ],
    [
      { input: 10, output: 0, cacheWrite: 2 },
      { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10, prompt_tokens_details: { cache_write_tokens: 2 } },
    ],
    [{ input: 10 }, { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10 }],
  ];
  for (const [usage, rendered] of cases) {
    it(`renders ${JSON.stringify(usage)} (R146)`, () => {
      expect(JSON.parse(stringifyRaw(renderChatUsage(usage)))).to.deep.equal(rendered ?? null);
    });
  }

  it("shows details only when they were told", () => {
    const rendered = renderChatUsage({ input: 10, cachedInput: 4, cacheWrite: 0, output: 5, reasoning: 2 });
    expect(rendered).to.deep.include({
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 2 },
    });
  });
});

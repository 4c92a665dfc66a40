import { expect } from "chai";
import { Headers } from "../../../src/core/headers.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { readAnswer } from "../../../src/providers/aws-bedrock/read-answer.ts";
import { AnswerSink } from "../../../src/providers/common/answer-sink.ts";
import { ChatAnswerWriter } from "../../../src/providers/common/chat-answer-writer.ts";
import type { Loose } from "../../support/client.ts";

const input = { model: "model-x", newId: (prefix: string) => `${prefix}1` };

function read(text: string, headers: Readonly<Record<string, string>> = {}) {
  const sink = new AnswerSink(new ChatAnswerWriter(1));
  let failure: unknown;
  try {
    readAnswer(Buffer.from(text), { status: 200, headers: new Headers(Object.entries(headers)) }, sink, input);
  } catch (thrown) {
    failure = thrown;
  }
  const body = Buffer.from(sink.writer.take()).toString();
  return { answer: (body === "" ? undefined : JSON.parse(body)) as Loose, body, failure, sink };
}

function content(...blocks: readonly object[]): string {
  return JSON.stringify({ output: { message: { role: "assistant", content: blocks } }, stopReason: "end_turn" });
}

describe("readAnswer of AWS Bedrock", () => {
  it("joins all text in order, cited text too (R112)", () => {
    const cited = { citationsContent: { content: [{ text: "b" }, {}, { text: "c" }], citations: [] } };
    const { answer } = read(content({ text: "a" }, cited, { hologram: 1 }, { text: "d" }));
    expect(answer.choices[0].message.content).to.equal("abcd");
  });

  it("names the request of the service and the model that was asked", () => {
    expect(read(content({ text: "a" }), { "x-amzn-requestid": "r-1" }).answer).to.include({
      id: "r-1",
      model: "model-x",
    });
    expect(read(content({ text: "a" })).answer).to.include({ id: "chatcmpl_tg_1", model: "model-x" });
  });

  it("copies arguments byte for byte, {} where there are none (R73, R118)", () => {
    const exact = '{ "z":1.0,"a":12345678901234567890, "a":"\\u00e9" }';
    const text = `{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"f","input":${exact}}},{"toolUse":{"input":null}}]}},"stopReason":"tool_use"}`;
    const [first, second] = read(text).answer.choices[0].message.tool_calls;
    expect(first).to.deep.equal({ id: "t", type: "function", function: { name: "f", arguments: exact } });
    expect(second.function.arguments).to.equal("{}");
  });

  it("shows no call that the provider ran itself, and numbers the others from 0 (R119, R120)", () => {
    const own = { toolUse: { toolUseId: "s", name: "search", type: "server_tool_use", input: {} } };
    const { answer } = read(content(own, { toolUse: { toolUseId: "t", name: "f", input: {} } }));
    expect(answer.choices[0].message.tool_calls.map((call: Loose) => call.id)).to.deep.equal(["t"]);
  });

  it("shows thinking as text and as blocks, redacted data unchanged (R100, R113)", () => {
    const { answer } = read(
      content(
        { reasoningContent: { reasoningText: { text: "a", signature: "S" } } },
        { reasoningContent: { redactedContent: "EmwK+/==" } },
        { reasoningContent: { reasoningText: { text: "b" } } },
      ),
    );
    const { message } = answer.choices[0];
    expect(message.reasoning_content).to.equal("ab");
    expect(message.thinking_blocks).to.deep.equal([
      { type: "thinking", thinking: "a", signature: "S" },
      { type: "redacted_thinking", data: "EmwK+/==" },
      { type: "thinking", thinking: "b", signature: "" },
    ]);
    expect(message.content).to.equal("");
  });

  it("tells usage also when the answer is no good (R131, R150, R165)", () => {
    const usage = { inputTokens: 3, outputTokens: 4 };
    const output = { message: { content: [] } };
    for (const [answer, code] of [
      [{ usage, stopReason: "end_turn" }, "upstream_empty_response"],
      [{ usage, output, stopReason: "malformed_tool_use" }, "malformed_model_output"],
      [{ usage, output }, "upstream_truncated"],
    ] as const) {
      const { failure, sink, body } = read(JSON.stringify(answer));
      expect(failure).to.be.instanceOf(GatewayError).and.include({ code, status: 502 });
      expect(sink.usage).to.include({ input: 3, output: 4 });
      expect(body).to.equal("");
    }
  });

  it("makes 502 of what is no JSON object, and the provider's error of one that names it (R165)", () => {
    for (const text of ["", "<html>", "[]", "null", '{"a":']) {
      expect(read(text).failure).to.include({ code: "bad_upstream_json", status: 502 });
    }
    expect(read('{"__type":"x#ThrottlingException","message":"slow"}').failure).to.include({ kind: "rate_limit" });
  });
});

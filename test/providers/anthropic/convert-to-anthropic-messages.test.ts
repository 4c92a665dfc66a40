import { expect } from "chai";
import { stringifyRaw } from "../../../src/lib/raw-json.ts";
import { convertToAnthropicMessages } from "../../../src/providers/anthropic/convert-to-anthropic-messages.ts";
import { readChatRequest } from "../../../src/providers/common/chat-request.ts";
import { Warnings } from "../../../src/providers/common/warnings.ts";
import { chatClientRequest } from "../common/attempt.ts";

interface Converted {
  readonly system: readonly Record<string, unknown>[];
  readonly messages: readonly { readonly role: string; readonly content: readonly Record<string, unknown>[] }[];
  readonly codes: readonly string[];
}

function convert(messages: readonly object[], inlineSystem = false): Converted {
  const warnings = new Warnings();
  const chat = readChatRequest(chatClientRequest({ model: "m", messages }), "Acme", warnings);
  const converted = convertToAnthropicMessages(chat.messages, { inlineSystem, urls: true, schema: "Acme", warnings });
  return { ...JSON.parse(stringifyRaw({ ...converted })), codes: warnings.codes } as Converted;
}

const mark = { type: "ephemeral", ttl: "1h" };
const hello = { role: "user", content: "Hi" };

function call(id: string) {
  return { role: "assistant", tool_calls: [{ id, type: "function", function: { name: "f", arguments: "{}" } }] };
}

function result(id: string, content: unknown = "ok") {
  return { role: "tool", tool_call_id: id, content };
}

describe("convertToAnthropicMessages", () => {
  it("makes a block of each system part, joining nothing (R65)", () => {
    const parts = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const { system } = convert([{ role: "system", content: parts }, { role: "developer", content: "c" }, hello]);
    expect(system.map((block) => block["text"])).to.deep.equal(["a", "b", "c"]);
  });

  it("hoists a later system message with a warning, or leaves it where it is (R66)", () => {
    const messages = [hello, { role: "system", content: "later" }, { role: "user", content: "Go" }];
    const hoisted = convert(messages);
    expect(hoisted.system).to.deep.equal([{ type: "text", text: "later" }]);
    expect(hoisted.codes).to.deep.equal(["system_message_hoisted"]);
    const inline = convert(messages, true);
    expect(inline.messages.map((message) => message.role)).to.deep.equal(["user", "system", "user"]);
    expect(inline.codes).to.deep.equal([]);
  });

  it("puts results of parallel calls and the user's words into one message, results first (R67)", () => {
    const { messages } = convert([
      hello,
      call("a"),
      result("a"),
      result("b"),
      { role: "user", content: "And?" },
      hello,
    ]);
    expect(messages.map((message) => message.content.map((block) => block["type"]))).to.deep.equal([
      ["text"],
      ["tool_use"],
      ["tool_result", "tool_result", "text"],
      ["text"],
    ]);
  });

  it("keeps results together across a hoisted system message and a skipped assistant message", () => {
    const { messages } = convert([
      hello,
      call("a"),
      result("a"),
      { role: "system", content: "x" },
      { role: "assistant", content: " " },
      result("b"),
    ]);
    expect(messages).to.have.length(3);
    expect(messages[2]?.content).to.have.length(2);
  });

  it("sends all parts of a tool message (R68), errors only by the vendor's flag (R69)", () => {
    const parts = [
      { type: "text", text: "1" },
      { type: "text", text: "2" },
    ];
    const { messages } = convert([hello, call("a"), result("a", parts), { ...result("b", '{"error":1}') }]);
    expect(messages[2]?.content[0]?.["content"]).to.deep.equal(parts);
    expect(messages[2]?.content[1]).not.to.have.property("is_error");
    const failed = convert([hello, call("a"), { ...result("a"), is_error: true }]);
    expect(failed.messages[2]?.content[0]).to.include({ is_error: true });
  });

  it("never sends null or blank content (R71, R72)", () => {
    const { messages } = convert([
      hello,
      { role: "assistant", content: null },
      call("a"),
      result("a", null),
      result("b", []),
    ]);
    expect(JSON.stringify(messages)).not.to.include("null");
    expect(messages.map((message) => message.role)).to.deep.equal(["user", "assistant", "user"]);
    expect(messages[2]?.content[0]).to.deep.equal({ type: "tool_result", tool_use_id: "a" });
  });

  for (const content of [null, "", " \n", [], [{ type: "text", text: "\t" }]]) {
    it(`refuses a user message of ${JSON.stringify(content)} (R71, R168)`, () => {
      expect(() => convert([hello, { role: "user", content }]))
        .to.throw("messages[1]")
        .with.property("code", "empty_message");
    });
  }

  it("refuses a conversation of system messages only", () => {
    expect(() => convert([{ role: "system", content: "x" }]))
      .to.throw()
      .with.property("code", "no_messages");
  });

  it("puts the mark of a message on its last block, unless that has its own (R91)", () => {
    const own = { type: "ephemeral" };
    const content = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ];
    const { messages } = convert([
      { role: "user", content, cache_control: mark },
      { role: "user", content: [{ type: "text", text: "c", cache_control: own }], cache_control: mark },
    ]);
    expect(messages[0]?.content).to.deep.equal([content[0], { ...content[1], cache_control: mark }]);
    expect(messages[1]?.content[0]?.["cache_control"]).to.deep.equal(own);
  });

  it("reports a mark that has no block to go on", () => {
    const signed = { type: "thinking", thinking: "t", signature: "s" };
    const { messages, codes } = convert([hello, { role: "assistant", thinking_blocks: [signed], cache_control: mark }]);
    expect(messages[1]?.content).to.deep.equal([signed]);
    expect(codes).to.deep.equal(["dropped:cache_control"]);
    const blank = [
      { type: "text", text: " ", cache_control: mark },
      { type: "text", text: "x" },
    ];
    expect(convert([{ role: "user", content: blank }]).codes).to.deep.equal(["dropped:cache_control"]);
  });

  it("sends thinking before text before calls (R98)", () => {
    const { messages } = convert([
      hello,
      { ...call("a"), content: "text", thinking_blocks: [{ type: "redacted_thinking", data: "d" }] },
      result("a"),
    ]);
    expect(messages[1]?.content.map((block) => block["type"])).to.deep.equal(["redacted_thinking", "text", "tool_use"]);
  });
});

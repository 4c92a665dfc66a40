import { expect } from "chai";
import fc from "fast-check";
import { Headers } from "../../../src/core/headers.ts";
import type { BackendOptions, Translated } from "../../../src/core/translator.ts";
import { chatToAnthropic } from "../../../src/providers/anthropic/from-chat.ts";
import { chatAttempt, userMessage } from "../common/attempt.ts";
import { foldChatStream } from "../common/chat-stream.ts";
import { readFixture } from "./fixtures.ts";

const head = { status: 200, headers: new Headers([["content-type", "text/event-stream"]]) };

/** Everything that came of these chunks and, with `end`, of the end. */
function run(chunks: readonly (string | Uint8Array)[], end = true, options: BackendOptions = {}) {
  const body = { ...userMessage("Hi"), stream: true, stream_options: { include_usage: true } };
  const translator = chatToAnthropic(chatAttempt(body, { options }));
  translator.responseHeaders(head);
  const pieces: Translated[] = [];
  for (const chunk of chunks) {
    pieces.push(translator.responseBody(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
    if (pieces.at(-1)?.failure !== undefined) break;
  }
  if (end && pieces.at(-1)?.failure === undefined) pieces.push(translator.responseEnd());
  const text = pieces.map((piece) => Buffer.from(piece.body ?? []).toString());
  return { text: text.join(""), texts: text, pieces, last: pieces.at(-1), failure: pieces.at(-1)?.failure };
}

function events(...all: readonly object[]): string {
  return all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
}

const start = {
  type: "message_start",
  message: { id: "msg_1", model: "claude-told", usage: { input_tokens: 7, output_tokens: 1 } },
};
const stop = { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } };
const end = { type: "message_stop" };
const openText = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
const say = (text: string) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });

const recorded = ["thinking-then-tool-stream", "server-tool-stream", "refusal-stream", "tool-interleaved"];

describe("AnthropicStreamReader", () => {
  for (const name of recorded) {
    const sse = readFixture(name, "upstream-response.sse");
    const expected = readFixture(name, "client-response.sse").replaceAll("1767323045", "1700000000");

    it(`reads ${name} the same however it is cut (R38)`, () => {
      const bytes = new TextEncoder().encode(sse);
      fc.assert(
        fc.property(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
          const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const chunks = borders.slice(1).map((border, index) => bytes.slice(borders[index], border));
          expect(run(chunks).text).to.equal(expected);
        }),
        { numRuns: 60 },
      );
    });

    it(`fails on ${name} when it is cut anywhere before its end, with what came so far (R150, R154–R156)`, () => {
      const complete = sse.lastIndexOf("}");
      for (let length = 0; length <= complete; length += length > complete - 64 ? 1 : 37) {
        const { failure, text, last } = run([sse.slice(0, length)]);
        expect(failure?.code, `cut at ${length}`).to.equal("upstream_truncated");
        expect(text).not.to.include("[DONE]");
        expect(expected.startsWith(text), `cut at ${length}: only a prefix was sent`).to.equal(true);
        if (length > sse.indexOf("\n\n")) expect(last?.usage).to.include({ input: 10 });
      }
      expect(run([sse.slice(0, complete + 1)]).failure).to.equal(undefined);
    });
  }

  it("answers each event at once (R144)", () => {
    const all = [start, openText, say("a"), say("b"), { type: "content_block_stop", index: 0 }, stop, end];
    const { texts } = run(all.map((event) => events(event)));
    const deltas = texts.map((text) => foldChatStream(text).chunks.length);
    expect(deltas).to.deep.equal([1, 0, 1, 1, 0, 1, 1, 0]);
  });

  it("gives the exact text of a call that comes in single characters (R145)", () => {
    const call = {
      type: "content_block_start",
      index: 4,
      content_block: { type: "tool_use", id: "t", name: "f", input: {} },
    };
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
        const deltas = text.split("").map((unit) => ({
          type: "content_block_delta",
          index: 4,
          delta: { type: "input_json_delta", partial_json: unit },
        }));
        const { answer } = foldChatStream(
          run([events(start, call, ...deltas, { type: "content_block_stop", index: 4 }, stop, end)]).text,
        );
        expect(answer).to.have.nested.property("choices[0].message.tool_calls[0].function.arguments", text);
      }),
    );
  });

  it("closes blocks that the provider forgot to close", () => {
    const call = {
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", id: "t", name: "f", input: {} },
    };
    const { answer } = foldChatStream(run([events(start, call, stop, end)]).text);
    expect(answer).to.have.nested.property("choices[0].message.tool_calls[0].function.arguments", "{}");
  });

  it("starts by itself when the provider sends no message_start", () => {
    const { text, failure } = run([events(openText, say("a"), stop, end)]);
    expect(failure).to.equal(undefined);
    expect(foldChatStream(text).answer).to.include({ id: "chatcmpl_tg_1", model: "model-x" });
  });

  it("makes of a ping a comment and of unknown events nothing (R49, R140)", () => {
    expect(run([events({ type: "ping" })], false).text).to.equal(": keep-alive\n\n");
    expect(run([events({ type: "glow" }, { no: "type" })], false)).to.include({ text: "", failure: undefined });
  });

  it("reads the event's name when the data has no type", () => {
    expect(run(["event: ping\ndata: {}\n\n"], false).text).to.equal(": keep-alive\n\n");
  });

  it("finishes once, with the first stop reason", () => {
    const again = { type: "message_delta", delta: { stop_reason: "max_tokens" }, usage: { output_tokens: 11 } };
    const { text, last } = run([events(start, stop, again, end)]);
    expect(foldChatStream(text).answer).to.have.nested.property("choices[0].finish_reason", "stop");
    expect(last?.usage).to.include({ output: 11 });
  });

  it("notes an unknown stop reason and does not show it (R129)", () => {
    const odd = { type: "message_delta", delta: { stop_reason: "constructor" } };
    const { text, pieces } = run([events(start, odd, end)]);
    expect(text).to.include('"finish_reason":"stop"').and.not.to.include("constructor");
    expect(pieces.flatMap((piece) => piece.notes ?? [])).to.deep.equal(["unknown_stop_reason"]);
  });

  it("tells an error event by its kind, wherever it comes (R157)", () => {
    const { failure, text } = run([
      events({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
    ]);
    expect(failure).to.include({ kind: "overloaded", message: "Overloaded", status: 503 });
    expect(text).to.equal("");
  });

  it("fails on an error event that says nothing", () => {
    expect(run([events({ type: "error" })]).failure).to.include({ kind: "server", status: 502 });
  });

  it("never shows what a provider says about credentials", () => {
    const error = { type: "error", error: { type: "authentication_error", message: "bad key: mykey-1234" } };
    const { failure } = run([events(error)]);
    expect(failure).to.include({ kind: "authentication", code: "upstream_authentication" });
    expect(failure?.message).not.to.include("mykey");
  });

  it("fails on an event larger than the limit and on more thinking than it can hold", () => {
    const large = run([events(start, openText, say("x".repeat(500)))], true, { limits: { maxEventBytes: 300 } });
    expect(large.failure).to.include({ code: "bad_upstream_stream" });
    const open = {
      type: "content_block_start",
      index: 0,
      content_block: { type: "thinking", thinking: "", signature: "" },
    };
    const think = {
      type: "content_block_delta",
      index: 0,
      delta: { type: "thinking_delta", thinking: "x".repeat(60) },
    };
    const endless = run([events(start, open, think), events(think)], true, { limits: { maxHeldToolBytes: 100 } });
    expect(endless.failure).to.include({ code: "bad_upstream_stream" });
    expect(endless.last?.usage).to.include({ input: 7 });
  });

  it("never throws, whatever the provider sends", () => {
    const value = fc.oneof(
      fc.constantFrom("text", "tool_use", "thinking", "tool_use", "input_json_delta"),
      fc.jsonValue(),
    );
    const event = fc.record(
      {
        type: fc.constantFrom(
          "message_start",
          "content_block_start",
          "content_block_delta",
          "content_block_stop",
          "message_delta",
          "error",
        ),
        index: value,
        message: fc.oneof(value, fc.record({ id: value, model: value, usage: value })),
        content_block: fc.oneof(value, fc.record({ type: value, input: value, text: value, thinking: value })),
        delta: fc.oneof(value, fc.record({ type: value, text: value, partial_json: value, stop_reason: value })),
        usage: fc.oneof(value, fc.record({ input_tokens: value, output_tokens: value, cache_creation: value })),
        error: value,
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (all) => {
        const { failure, text } = run([events(...all)]);
        expect(failure?.message).to.be.a("string");
        foldChatStream(text);
      }),
    );
  });
});

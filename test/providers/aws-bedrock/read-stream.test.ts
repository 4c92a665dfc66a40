import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { Headers } from "../../../src/core/headers.ts";
import type { BackendOptions, Translated } from "../../../src/core/translator.ts";
import { eventFrame, exceptionFrame } from "../../../src/mocks/aws-bedrock/frames.ts";
import { chatToBedrock } from "../../../src/providers/aws-bedrock/from-chat.ts";
import { chatAttempt, userMessage } from "../common/attempt.ts";
import { foldChatStream } from "../common/chat-stream.ts";
import { encodeFrames } from "../frames.ts";
import { readFixture } from "./fixtures.ts";

const head = {
  status: 200,
  headers: new Headers([
    ["content-type", "application/vnd.amazon.eventstream"],
    ["x-amzn-requestid", "req-01"],
  ]),
};

/** Everything that came of these chunks and, with `end`, of the end. */
function run(chunks: readonly Uint8Array[], end = true, options: BackendOptions = {}) {
  const body = { ...userMessage("Hi"), stream: true, stream_options: { include_usage: true } };
  const translator = chatToBedrock(chatAttempt(body, { options, model: "anthropic.claude-x-v1:0" }));
  translator.responseHeaders(head);
  const pieces: Translated[] = [];
  for (const chunk of chunks) {
    pieces.push(translator.responseBody(chunk));
    if (pieces.at(-1)?.failure !== undefined) break;
  }
  if (end && pieces.at(-1)?.failure === undefined) pieces.push(translator.responseEnd());
  const text = pieces.map((piece) => Buffer.from(piece.body ?? []).toString());
  return { text: text.join(""), texts: text, pieces, last: pieces.at(-1), failure: pieces.at(-1)?.failure };
}

const start = eventFrame("messageStart", { role: "assistant" });
const stop = eventFrame("messageStop", { stopReason: "end_turn" });
const metadata = eventFrame("metadata", { usage: { inputTokens: 7, outputTokens: 9, totalTokens: 16 } });
const delta = (contentBlockIndex: number, content: object) =>
  eventFrame("contentBlockDelta", { contentBlockIndex, delta: content });
const say = (text: string) => delta(0, { text });
const close = (contentBlockIndex: number) => eventFrame("contentBlockStop", { contentBlockIndex });
const call = (contentBlockIndex: number, more: object = {}) =>
  eventFrame("contentBlockStart", { contentBlockIndex, start: { toolUse: { toolUseId: "t", name: "f", ...more } } });

/** The frames of a recorded answer, each by itself. */
function recordedFrames(name: string): Buffer[] {
  return readFixture(name, "upstream-response.frames")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => encodeFrames(line));
}

const recorded = ["thinking-then-tool-stream", "server-tool-stream", "text-stream", "tool-interleaved"];

describe("ConverseStreamReader", () => {
  for (const name of recorded) {
    const bytes = readFileSync(`test/fixtures/providers/aws-bedrock/from-chat/${name}/upstream-response.bin`);
    const frames = recordedFrames(name);
    const expected = readFixture(name, "client-response.sse").replaceAll("1767323045", "1700000000");

    it(`reads ${name} the same however it is cut (R38)`, () => {
      fc.assert(
        fc.property(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
          const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const chunks = borders.slice(1).map((border, index) => bytes.subarray(borders[index], border));
          expect(run(chunks).text).to.equal(expected);
        }),
        { numRuns: 60 },
      );
    });

    it(`fails on ${name} when it is cut anywhere before its stop reason, with what came so far (R154, R155, R156)`, () => {
      const complete = Buffer.concat(frames.slice(0, -1)).length;
      const borders = new Set(frames.map((_, index) => Buffer.concat(frames.slice(0, index)).length));
      for (let length = 0; length < complete; length += length > complete - 64 ? 1 : 13) {
        const { failure, text } = run([bytes.subarray(0, length)]);
        const code = borders.has(length) ? "upstream_truncated" : "bad_upstream_stream";
        expect(failure?.code, `cut at ${length}`).to.equal(code);
        expect(text).not.to.include("[DONE]");
        expect(expected.startsWith(text), `cut at ${length}: only a prefix was sent`).to.equal(true);
      }
      for (const border of borders) {
        const { failure } = run([bytes.subarray(0, border)]);
        expect(failure?.code).to.equal(border < complete ? "upstream_truncated" : undefined);
      }
      expect(run([bytes]).failure).to.equal(undefined);
    });

    it(`fails on ${name} with an exception or an error at any frame border before its end (R47, R150, R154, R157)`, () => {
      const error = encodeFrames('{"error":"ThrottlingException","message":"slow"}');
      for (const [index] of frames.entries()) {
        for (const frame of [exceptionFrame("throttlingException", "slow"), error]) {
          const { failure, text } = run([Buffer.concat([...frames.slice(0, index), frame, ...frames.slice(index)])]);
          expect(failure).to.include({ kind: "rate_limit", message: "slow", status: 429 });
          expect(text).not.to.include("[DONE]");
          expect(expected.startsWith(text)).to.equal(true);
        }
      }
    });

    it(`fails on ${name} with a flipped bit at any byte of a frame, with what came before it (R46)`, () => {
      const index = Math.floor(frames.length / 2);
      const before = Buffer.concat(frames.slice(0, index));
      const whole = run([before], false).text;
      for (let at = before.length; at < before.length + (frames[index]?.length ?? 0); at++) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ 0x10;
        const { failure, text } = run([damaged]);
        expect(failure?.code, `byte ${at}`).to.equal("bad_upstream_stream");
        expect(text).to.equal(whole);
      }
    });
  }

  it("answers each event at once (R144)", () => {
    const { texts } = run([start, say("a"), say("b"), close(0), stop, metadata]);
    expect(texts.map((text) => foldChatStream(text).chunks.length)).to.deep.equal([1, 1, 1, 0, 1, 1, 0]);
  });

  it("opens text and reasoning blocks that no start announces (R116, R135)", () => {
    const think = delta(0, { reasoningContent: { text: "hm" } });
    const { answer } = foldChatStream(run([start, think, close(0), delta(1, { text: "A" }), close(1), stop]).text);
    expect(answer).to.have.nested.property("choices[0].message.content", "A");
    expect(answer).to.have.nested.property("choices[0].message.reasoning_content", "hm");
  });

  it("sends every thinking block in one delta, signature and all (R113, R114, R115)", () => {
    const think = (index: number, content: object) => delta(index, { reasoningContent: content });
    const { text } = run([
      start,
      think(0, { text: "a" }),
      think(0, { signature: "S" }),
      think(0, { signature: "1" }),
      close(0),
      think(1, { redactedContent: "QUI=" }),
      think(1, { redactedContent: "Q0Q=" }),
      close(1),
      stop,
    ]);
    const deltas = foldChatStream(text).chunks.map((chunk) => (chunk["choices"] as { delta: object }[])[0]?.delta);
    expect(deltas.filter((sent) => sent !== undefined && "thinking_blocks" in sent)).to.deep.equal([
      {
        thinking_blocks: [
          { type: "thinking", thinking: "a", signature: "S1" },
          { type: "redacted_thinking", data: "QUJDRA==" },
        ],
      },
    ]);
    // the role chunk only: thinking makes no empty content
    expect(deltas.filter((sent) => sent !== undefined && "content" in sent)).to.have.length(1);
  });

  it("gives the exact text of a call that comes in single characters (R145)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), (text) => {
        const deltas = text.split("").map((input) => delta(4, { toolUse: { input } }));
        const { answer } = foldChatStream(run([Buffer.concat([start, call(4), ...deltas, close(4), stop])]).text);
        expect(answer).to.have.nested.property("choices[0].message.tool_calls[0].function.arguments", text);
      }),
    );
  });

  it("begins a call with everything but its arguments, and numbers calls from 0 (R117, R119, R121, R122, R123)", () => {
    const { text } = run([start, call(3), delta(3, { toolUse: { input: "{}" } }), close(3), call(9), close(9), stop]);
    const { chunks } = foldChatStream(text);
    const deltas = chunks.map((chunk) => (chunk["choices"] as { delta: object; finish_reason: unknown }[])[0]);
    expect(deltas.map((choice) => choice?.delta)).to.deep.equal([
      { role: "assistant", content: "" },
      { tool_calls: [{ index: 0, id: "t", type: "function", function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 0, function: { arguments: "{}" } }] },
      { tool_calls: [{ index: 1, id: "t", type: "function", function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 1, function: { arguments: "{}" } }] },
      {},
    ]);
    expect(deltas.map((choice) => choice?.finish_reason)).to.deep.equal([null, null, null, null, null, "stop"]);
    for (const member of ["id", "created", "object", "model"]) {
      expect(new Set(chunks.map((chunk) => chunk[member])).size).to.equal(1);
    }
  });

  it("ends a call without arguments as {}, also one that is not closed (R118)", () => {
    for (const frames of [[call(0), close(0)], [call(0)], [call(0), delta(0, { toolUse: { input: "" } }), close(0)]]) {
      const { answer } = foldChatStream(run([start, ...frames, stop]).text);
      expect(answer).to.have.nested.property("choices[0].message.tool_calls[0].function.arguments", "{}");
    }
  });

  it("shows no call that the provider runs itself (R120)", () => {
    const frames = [call(0, { type: "server_tool_use" }), delta(0, { toolUse: { input: "{}" } }), close(0)];
    expect(run([start, ...frames, say("A"), stop]).text).not.to.include("tool_calls");
  });

  it("makes nothing of events that it does not know (R49)", () => {
    expect(run([eventFrame("glow", { a: 1 }), eventFrame("", {})], false)).to.include({ text: "", failure: undefined });
  });

  it("tells usage once, after the finish, also when both counts are 0 (R124)", () => {
    const zero = eventFrame("metadata", { usage: { inputTokens: 0, outputTokens: 0 } });
    const { text, last } = run([start, say("A"), stop, zero]);
    const chunks = foldChatStream(text).chunks.filter((chunk) => (chunk["choices"] as unknown[]).length === 0);
    expect(chunks.map((chunk) => chunk["usage"])).to.deep.equal([
      { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    ]);
    expect(text.endsWith("data: [DONE]\n\n")).to.equal(true);
    expect(last?.usage).to.include({ input: 0, output: 0 });
  });

  it("is complete without metadata; usage is not told then (R146)", () => {
    const { text, last } = run([start, say("A"), stop]);
    expect(foldChatStream(text)).to.include({ done: true });
    expect(last).to.include({ usage: undefined, failure: undefined });
  });

  it("ignores what follows its end, even when it is broken", () => {
    const { failure, text } = run([start, say("A"), stop, metadata, Buffer.from("garbage, more than twelve bytes")]);
    expect(failure).to.equal(undefined);
    expect(text.endsWith("data: [DONE]\n\n")).to.equal(true);
  });

  it("makes an error of output that the model failed to form, and tells its usage (R131, R150)", () => {
    for (const stopReason of ["malformed_tool_use", "malformed_model_output"]) {
      const { failure, text, last } = run([start, say("A"), eventFrame("messageStop", { stopReason }), metadata]);
      expect(failure).to.include({ code: "malformed_model_output", status: 502 });
      expect(last?.usage).to.include({ input: 7, output: 9 });
      expect(text).not.to.match(/finish_reason":"|\[DONE\]/);
      expect(run([start, eventFrame("messageStop", { stopReason })]).failure).to.include({
        code: "malformed_model_output",
      });
    }
  });

  it("finishes for the reason that was given, and notes one that it does not know (R129, R130)", () => {
    const finish = (stopReason: string) => run([start, say("A"), eventFrame("messageStop", { stopReason })]);
    const reasons = {
      end_turn: "stop",
      stop_sequence: "stop",
      max_tokens: "length",
      model_context_window_exceeded: "length",
      tool_use: "tool_calls",
      guardrail_intervened: "content_filter",
      content_filtered: "content_filter",
      constructor: "stop",
    };
    for (const [told, shown] of Object.entries(reasons)) {
      const { text, pieces } = finish(told);
      expect(foldChatStream(text).answer).to.have.nested.property("choices[0].finish_reason", shown);
      const notes = pieces.flatMap((piece) => piece.notes ?? []);
      expect(notes).to.deep.equal(told === "constructor" ? ["unknown_stop_reason"] : []);
    }
  });

  it("finishes once, with the first stop reason", () => {
    const { text } = run([start, stop, eventFrame("messageStop", { stopReason: "max_tokens" }), metadata]);
    expect(text.match(/finish_reason":"/g)).to.have.length(1);
    expect(foldChatStream(text).answer).to.have.nested.property("choices[0].finish_reason", "stop");
  });

  it("counts every character of output (L6)", () => {
    const frames = [start, say("abc"), delta(1, { reasoningContent: { text: "de" } }), call(2)];
    const { pieces } = run([...frames, delta(2, { toolUse: { input: "{}" } })], false);
    expect(pieces.reduce((sum, piece) => sum + (piece.outputBytes ?? 0), 0)).to.equal(7);
  });

  it("fails on an event that is no JSON object, and on arguments of a call that is not open", () => {
    for (const payload of ["{", "[]", "", "null"]) {
      const frame = encodeFrames(JSON.stringify({ event: "contentBlockDelta", payload }));
      expect(run([start, frame]).failure, payload).to.include({ code: "bad_upstream_stream" });
    }
    expect(run([start, delta(0, { toolUse: { input: "{}" } })]).failure).to.include({ code: "bad_upstream_stream" });
  });

  it("fails on a frame larger than the limit and on more thinking than it can hold (R48)", () => {
    const large = run([start, say("x".repeat(500))], true, { limits: { maxFrameBytes: 300 } });
    expect(large.failure).to.include({ code: "bad_upstream_stream" });
    const think = delta(0, { reasoningContent: { text: "x".repeat(60) } });
    const endless = run([start, think, think], true, { limits: { maxHeldToolBytes: 100 } });
    expect(endless.failure).to.include({ code: "bad_upstream_stream" });
  });

  it("never throws, whatever the provider sends (R166)", () => {
    const value = fc.oneof(fc.constantFrom("text", "server_tool_use"), fc.jsonValue());
    const toolUse = fc.oneof(value, fc.record({ toolUseId: value, name: value, type: value, input: value }));
    const reasoningContent = fc.oneof(value, fc.record({ text: value, signature: value, redactedContent: value }));
    const payload = fc.record(
      {
        contentBlockIndex: value,
        start: fc.oneof(value, fc.record({ toolUse })),
        delta: fc.oneof(value, fc.record({ text: value, toolUse, reasoningContent }, { requiredKeys: [] })),
        stopReason: value,
        usage: fc.oneof(value, fc.record({ inputTokens: value, outputTokens: value, cacheDetails: value })),
      },
      { requiredKeys: [] },
    );
    const types = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop"];
    const frame = fc.tuple(fc.constantFrom(...types, "metadata"), payload).map(([type, all]) => eventFrame(type, all));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), (frames) => {
        const { failure, text } = run([Buffer.concat(frames)]);
        if (failure === undefined) expect(foldChatStream(text).done).to.equal(true);
        else expect(failure.message).not.to.equal("the upstream answer could not be processed");
      }),
    );
  });
});

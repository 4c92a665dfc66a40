import { expect } from "chai";
import { Headers } from "../../../src/core/headers.ts";
import type { ResponseHead, Translated } from "../../../src/core/translator.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { makeChatAnswer } from "../../../src/providers/common/chat-answer.ts";
import type { ChatWriter } from "../../../src/providers/common/chat-writer.ts";
import type { AnswerReaders, TranslatedAnswer } from "../../../src/providers/common/translated-answer.ts";
import { chatAttempt, nowMs } from "./attempt.ts";

/** A provider that writes every byte as a piece of text, `!` as an error, `?` as a defect, and `.` as the end. */
const letters: AnswerReaders<ChatWriter> = {
  streamMediaType: "text/letters",
  readAnswer(body, _head, sink) {
    sink.writer.start({ id: "a", model: "m" });
    sink.writer.text(Buffer.from(body).toString());
    sink.writer.finish("stop");
    sink.usage = { output: body.length };
    sink.writer.done();
  },
  makeStreamReader(_head, sink) {
    let complete = false;
    return {
      get complete() {
        return complete;
      },
      push(chunk) {
        for (const letter of Buffer.from(chunk).toString()) {
          if (letter === "!") throw GatewayError.fromProvider("overloaded", "busy");
          if (letter === "?") throw new TypeError("secret internals");
          sink.usage = { output: (sink.usage?.output ?? 0) + 1 };
          sink.note("letter");
          if (letter === ".") complete = true;
          else sink.writer.text(letter);
        }
      },
      end() {
        throw new GatewayError("upstream_truncated", "cut");
      },
    };
  },
};

function answer(stream: boolean): TranslatedAnswer {
  return makeChatAnswer(chatAttempt({ model: "m", messages: [], stream }), letters);
}

function head(contentType?: string): ResponseHead {
  return { status: 200, headers: new Headers(contentType === undefined ? [] : [["content-type", contentType]]) };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function body(translated: Translated): string {
  return Buffer.from(translated.body ?? bytes("UNCHANGED")).toString();
}

describe("makeChatAnswer", () => {
  it("streams a stream, whatever the case and the parameters of its type (R144)", () => {
    const streaming = answer(true);
    const { stream, headers } = streaming.responseHeaders(head("Text/Letters; charset=utf-8"));
    expect(stream).to.equal(true);
    expect(headers.set).to.deep.equal({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
    });
    expect(headers.remove, "R34").to.deep.equal(["content-encoding", "content-length"]);
    const first = streaming.responseBody(bytes("a"));
    expect(body(first))
      .to.include('{"content":"a"}')
      .and.to.include(`"created":${Math.floor(nowMs / 1000)}`);
    expect(first).to.deep.include({ usage: { output: 1 }, notes: ["letter"], outputBytes: 1, failure: undefined });
    expect(body(streaming.responseBody(bytes("")))).to.equal("");
    expect(streaming.responseBody(bytes("."))).to.deep.include({ usage: { output: 2 }, outputBytes: 0 });
    expect(streaming.responseEnd().failure).to.equal(undefined);
  });

  it("swallows a JSON answer until its end", () => {
    const whole = answer(false);
    const { stream, headers } = whole.responseHeaders(head("application/json"));
    expect(stream).to.equal(false);
    expect(headers.set).to.deep.equal({ "content-type": "application/json" });
    expect(body(whole.responseBody(bytes("He")))).to.equal("");
    expect(body(whole.responseBody(bytes("llo")))).to.equal("");
    const end = whole.responseEnd();
    expect(JSON.parse(body(end))).to.have.nested.property("choices[0].message.content", "Hello");
    expect(end.usage).to.deep.equal({ output: 5 });
  });

  it("makes a complete stream of a JSON answer (R142)", () => {
    const whole = answer(true);
    expect(whole.responseHeaders(head()))
      .to.have.nested.property("headers.set.content-type")
      .that.includes("event-stream");
    whole.responseBody(bytes("Hello"));
    expect(body(whole.responseEnd())).to.match(/"role":"assistant"[\s\S]*"content":"Hello"[\s\S]*data: \[DONE\]\n\n$/);
  });

  it("fails on a stream that nobody asked for, and counts its usage (R142, R150)", () => {
    const streaming = answer(false);
    expect(streaming.responseHeaders(head("text/letters")).stream).to.equal(false);
    streaming.responseBody(bytes("ab."));
    const end = streaming.responseEnd();
    expect(body(end)).to.equal("");
    expect(end.failure).to.include({ code: "bad_upstream_stream", status: 502 });
    expect(end.usage).to.deep.equal({ output: 3 });
  });

  it("returns what came before a failure, with its usage, and reads nothing after it (R150, R154)", () => {
    const streaming = answer(true);
    streaming.responseHeaders(head("text/letters"));
    const failed = streaming.responseBody(bytes("ab!c"));
    expect(body(failed)).to.include('"content":"b"').and.not.to.include('"content":"c"');
    expect(failed.failure).to.include({ kind: "overloaded", message: "busy" });
    expect(failed.usage).to.deep.equal({ output: 2 });
    expect(streaming.responseBody(bytes("d"))).to.deep.include({ failure: undefined, usage: { output: 2 } });
    expect(streaming.responseEnd().failure).to.equal(undefined);
  });

  it("turns a defect into an error that tells nothing internal (R166)", () => {
    const streaming = answer(true);
    streaming.responseHeaders(head("text/letters"));
    const { failure } = streaming.responseBody(bytes("?"));
    expect(failure).to.include({ code: "bad_upstream_stream" });
    expect(failure?.message).not.to.include("secret");
  });

  it("fails when a stream ends without its terminal event (R155)", () => {
    const streaming = answer(true);
    streaming.responseHeaders(head("text/letters"));
    streaming.responseBody(bytes("a"));
    expect(streaming.responseEnd().failure).to.include({ code: "upstream_truncated" });
  });

  it("does not look at what follows the terminal event", () => {
    const streaming = answer(true);
    streaming.responseHeaders(head("text/letters"));
    streaming.responseBody(bytes("a."));
    expect(body(streaming.responseBody(bytes("!b")))).to.equal("");
    expect(streaming.responseEnd().failure).to.equal(undefined);
  });

  it("copies what it keeps: the caller may reuse its buffer", () => {
    const whole = answer(false);
    whole.responseHeaders(head());
    const buffer = bytes("abc");
    whole.responseBody(buffer);
    buffer.fill(0x78);
    expect(body(whole.responseEnd())).to.include("abc");
  });
});

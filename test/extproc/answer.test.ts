import { expect } from "chai";
import type { Translator } from "../../src/core/translator.ts";
import { Answer } from "../../src/extproc/answer.ts";
import { receiptComment } from "../../src/extproc/receipt.ts";
import { utf8Bytes } from "../../src/lib/bytes.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { UsageMeter } from "../../src/metering/usage-meter.ts";
import { endpoint, makeTranslator } from "./support.ts";

function makeAnswer(changes: Partial<Translator>, stream = true, receipt = false) {
  const meter = new UsageMeter({ estimatedInputTokens: 0, onIgnored: () => undefined });
  const notes: string[] = [];
  const translator = makeTranslator(changes);
  const answer = new Answer({
    stream,
    choices: 1,
    translator,
    meter,
    endpoint,
    receipt: receipt
      ? () => receiptComment(meter.current().usage, { costUsd: "0.01", remaining: undefined })
      : undefined,
    nowMs: () => 1_000,
    note: (note) => notes.push(note),
  });
  return { answer, meter, notes };
}

function text(body: Uint8Array | undefined): string | undefined {
  return body && Buffer.from(body).toString();
}

const upper: Partial<Translator> = {
  responseBody: (chunk) => ({ body: utf8Bytes(Buffer.from(chunk).toString().toUpperCase()) }),
  responseEnd: () => ({ body: utf8Bytes("!") }),
};
const truncated = new GatewayError("upstream_truncated", "the answer ended early");

describe("Answer", () => {
  it("translates pieces, and the end with the last one", () => {
    const { answer } = makeAnswer(upper);
    expect(text(answer.piece(utf8Bytes("ab"), false).body)).to.equal("AB");
    expect(text(answer.piece(utf8Bytes("c"), true).body)).to.equal("C!");
    expect(answer.failure).to.equal(undefined);
  });

  it("says unchanged only when everything of the piece is", () => {
    expect(makeAnswer({}).answer.piece(utf8Bytes("ab"), true).body).to.equal(undefined);
    const appends = makeAnswer({ responseEnd: upper.responseEnd as Translator["responseEnd"] });
    expect(text(appends.answer.piece(utf8Bytes("ab"), true).body)).to.equal("ab!");
  });

  it("a translator that swallows a piece sends an empty one, never the provider's bytes", () => {
    const { answer } = makeAnswer({ responseBody: () => ({ body: new Uint8Array(0) }) });
    expect(answer.piece(utf8Bytes("secret"), false).body).to.deep.equal(new Uint8Array(0));
  });

  it("R166: a failure keeps what came before it, followed by one error event and nothing more", () => {
    const { answer } = makeAnswer({ responseBody: () => ({ body: utf8Bytes("before "), failure: truncated }) });
    const piece = answer.piece(utf8Bytes("x"), true);
    expect(text(piece.body)).to.equal('before data: {"error":"upstream_truncated"}\n\n');
    expect(piece.failure).to.equal(truncated);
    expect(answer.failure).to.equal(truncated);
    expect(answer.piece(utf8Bytes("later"), true)).to.deep.equal({ body: new Uint8Array(0), failure: undefined });
  });

  it("R166: a failure at the end keeps the last piece", () => {
    const { answer } = makeAnswer({ ...upper, responseEnd: () => ({ body: utf8Bytes("end "), failure: truncated }) });
    expect(text(answer.piece(utf8Bytes("last "), true).body)).to.equal(
      'LAST end data: {"error":"upstream_truncated"}\n\n',
    );
  });

  it("R166: the translator is given nothing more after a failure", () => {
    let calls = 0;
    const { answer } = makeAnswer({
      responseBody: () => {
        calls++;
        return { body: new Uint8Array(0), failure: truncated };
      },
      responseEnd: () => {
        calls++;
        return { body: utf8Bytes("data: [DONE]\n\n") };
      },
    });
    answer.piece(utf8Bytes("x"), true);
    answer.piece(utf8Bytes("y"), true);
    expect(calls).to.equal(1);
  });

  it("R166: thrown errors become failures that tell nothing internal", () => {
    for (const [stream, code] of [
      [true, "bad_upstream_stream"],
      [false, "bad_upstream_json"],
    ] as const) {
      const thrown = new TypeError("Cannot read properties of undefined (reading 'prompt')");
      const { answer } = makeAnswer(
        {
          responseBody: () => {
            throw thrown;
          },
        },
        stream,
      );
      const { failure } = answer.piece(utf8Bytes("x"), false);
      expect(failure).to.include({ code, status: 502, cause: thrown });
      expect(failure?.message).to.not.include("prompt");
    }
  });

  it("R166: a GatewayError that is thrown stays itself, and what came before it in the piece is kept", () => {
    const { answer } = makeAnswer({
      ...upper,
      responseEnd: () => {
        throw truncated;
      },
    });
    const piece = answer.piece(utf8Bytes("a"), true);
    expect(piece.failure).to.equal(truncated);
    expect(text(piece.body)).to.match(/^A.*upstream_truncated/);
  });

  it("R166: an answer that is no stream fails without a body: the exchange replies", () => {
    const { answer } = makeAnswer({ responseEnd: () => ({ body: undefined, failure: truncated }) }, false);
    expect(answer.piece(utf8Bytes("{"), true)).to.deep.equal({ body: undefined, failure: truncated });
  });

  it("L6: what the provider told is final when the answer ended, and a running estimate before", () => {
    const { answer, meter } = makeAnswer({
      responseBody: () => ({ body: undefined, outputBytes: 400, usage: { input: 5, output: 20 } }),
    });
    answer.piece(utf8Bytes("x"), false);
    expect(meter.current()).to.deep.include({ estimated: true });
    expect(meter.current().usage.output).to.equal(100);
    answer.piece(utf8Bytes("y"), true);
    expect(meter.current()).to.deep.include({ estimated: false });
    expect(meter.current().usage).to.include({ output: 20, total: 25 });
  });

  it("L8: puts the receipt before the last event, once, whatever the event's bytes are beside", () => {
    const { answer } = makeAnswer(
      { responseBody: () => ({ body: undefined, usage: { input: 60, output: 40 } }) },
      true,
      true,
    );
    expect(answer.piece(utf8Bytes('data: {"a":"data: [DONE]"}\n\n'), false).body).to.equal(undefined);
    expect(text(answer.piece(utf8Bytes("data: ü\n\ndata: [DONE]\n\n"), true).body)).to.equal(
      'data: ü\n\n: tollgate {"tokens_used":100,"cost_usd":"0.01"}\n\ndata: [DONE]\n\n',
    );
  });

  it("L8: no receipt without being asked, nor in an answer that is no stream", () => {
    for (const [stream, receipt] of [
      [true, false],
      [false, true],
    ] as const)
      expect(makeAnswer({}, stream, receipt).answer.piece(utf8Bytes("data: [DONE]\n\n"), true).body).to.equal(
        undefined,
      );
  });

  it("L34: closes what is open before the events that cut a stream off, and says nothing after them", () => {
    const { answer } = makeAnswer({ ...upper, closeOpen: () => utf8Bytes("<closed>") });
    const { body } = answer.piece(utf8Bytes("a"), false);
    const cut = answer.cutOff(body ?? utf8Bytes("a"), new GatewayError("budget_exceeded", "no more"));
    expect(text(cut)).to.equal("A<closed>data: cut by budget_exceeded\n\ndata: [DONE]\n\n");
    expect(text(answer.piece(utf8Bytes("b"), true).body)).to.equal("");
    const plain = makeAnswer(upper).answer;
    expect(text(plain.cutOff(utf8Bytes("A"), truncated))).to.match(/^Adata: cut/);
  });

  it("L2, L6: meters usage, characters, model and notes, those of a failing piece too", () => {
    const { answer, meter, notes } = makeAnswer({
      responseBody: () => ({ body: undefined, outputBytes: 40, model: "gpt-4o-2024", notes: ["unknown_event"] }),
      responseEnd: () => ({ body: undefined, usage: { input: 5, output: 20 }, failure: truncated }),
    });
    answer.piece(utf8Bytes("x"), false);
    expect(meter.current().usage.output).to.equal(10);
    answer.piece(utf8Bytes("y"), true);
    expect(meter.current().usage).to.include({ input: 5, output: 20 });
    expect(answer.model).to.equal("gpt-4o-2024");
    expect(notes).to.deep.equal(["unknown_event", "unknown_event"]);
  });

  it("knows when everything is said: with the stream's last event what was told is final (L34)", () => {
    const { answer, meter } = makeAnswer({});
    meter.streamed(400);
    meter.report({ input: 5, output: 7 });
    expect(answer.isSaid(utf8Bytes('data: {"text":"data: [DONE]"}\n\n'))).to.equal(false);
    expect(meter.current().usage.output).to.equal(100);
    expect(answer.isSaid(utf8Bytes("data: {}\n\ndata: [DONE]\n\n"))).to.equal(true);
    expect(meter.current().usage.output).to.equal(7);
    expect(answer.isSaid(utf8Bytes(""))).to.equal(true);
  });

  it("cut off, it passes on the piece, ends in the client's dialect, and swallows what comes after (L34)", () => {
    const { answer } = makeAnswer({}, true, true);
    const reason = new GatewayError("budget_exceeded", "the budget ended");
    const end = "data: cut by budget_exceeded\n\n";
    expect(text(answer.cutOff(utf8Bytes("data: one\n\n"), reason))).to.match(
      new RegExp(`^data: one\n\n${end}: tollgate [^\n]*\n\ndata: \\[DONE\\]\n\n$`),
    );
    expect(answer.failure).to.equal(reason);
    expect(answer.piece(utf8Bytes("data: two\n\n"), false)).to.deep.equal({
      body: new Uint8Array(0),
      failure: undefined,
    });
  });
});

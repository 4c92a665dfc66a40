import zlib from "node:zlib";
import { expect } from "chai";
import { Headers } from "../../../src/core/headers.ts";
import type { AttemptInput, Translator } from "../../../src/core/translator.ts";
import { chatEndpoint } from "../../../src/endpoints/chat.ts";
import { fromChat } from "../../../src/providers/openai/from-chat.ts";
import { cut } from "../replay.ts";

const noBytes = new Uint8Array(0);

function inputOf(body: Uint8Array, headers: Readonly<Record<string, string>> = {}, model = "m"): AttemptInput {
  const clientHeaders = new Headers(Object.entries(headers));
  const request = chatEndpoint.parse(body, clientHeaders);
  return { request, clientHeaders, model, options: {}, now: () => 0, newId: (prefix) => `${prefix}1` };
}

function translate(body: string, model?: string): Translator {
  return fromChat(inputOf(Buffer.from(body), {}, model));
}

function headOf(status: number, headers: Readonly<Record<string, string>>) {
  return { status, headers: new Headers(Object.entries(headers)) };
}

const eventStream = headOf(200, { "content-type": "Text/Event-Stream;charset=utf-8" });
const usageEvent = 'data: {"choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":9}}\n\n';

describe("chat → OpenAI translator", () => {
  it("sends the client's bytes when nothing changes (R1)", () => {
    expect(translate('{"model":"m"}').request().body).to.equal(undefined);
    const asked = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}';
    expect(translate(asked).request().body).to.equal(undefined);
  });

  it("asks for an uncompressed answer and removes nothing else (R33)", () => {
    const { headers } = translate('{"model":"m"}').request();
    expect(headers).to.deep.equal({
      set: { "content-type": "application/json", "accept-encoding": "identity" },
      remove: [],
    });
  });

  it("sends a compressed request uncompressed", () => {
    const body = Buffer.from('{"model":"m"}');
    const request = fromChat(inputOf(zlib.gzipSync(body), { "content-encoding": "gzip" })).request();
    expect(body.equals(request.body ?? noBytes)).to.equal(true);
    expect(request.headers.remove).to.deep.equal(["content-encoding"]);
  });

  it("does not change the request, however often it is translated (R16)", () => {
    const input = inputOf(Buffer.from('{"model":"m","stream":true}'), {}, "n");
    const before = Buffer.from(input.request.raw).toString();
    const bodies = [fromChat(input), fromChat(input)].map((translator) =>
      Buffer.from(translator.request().body ?? noBytes).toString(),
    );
    expect(bodies[0]).to.equal('{"stream_options":{"include_usage":true},"model":"n","stream":true}');
    expect(bodies[1]).to.equal(bodies[0]);
    expect(Buffer.from(input.request.raw).toString()).to.equal(before);
  });

  it("tells nothing of an earlier attempt (R17)", () => {
    const input = inputOf(Buffer.from('{"model":"m","stream":true}'));
    const first = fromChat(input);
    first.responseHeaders(eventStream);
    expect(first.responseBody(Buffer.from(usageEvent)).usage).to.deep.equal({ input: 9 });
    const second = fromChat(input);
    second.responseHeaders(eventStream);
    expect(second.responseBody(Buffer.from(": hi\n\n")).usage).to.equal(undefined);
  });

  it("decides by the answer whether it is a stream, for every 2xx (R35, R142)", () => {
    for (const status of [200, 201, 206]) {
      expect(translate('{"model":"m"}').responseHeaders({ ...eventStream, status }).stream).to.equal(true);
    }
    const json = headOf(200, { "content-type": "application/json" });
    expect(translate('{"model":"m","stream":true}').responseHeaders(json).stream).to.equal(false);
  });

  it("takes content-encoding and content-length off whatever it may change (R34)", () => {
    const remove = ["content-encoding", "content-length"];
    expect(translate('{"model":"m"}').responseHeaders(eventStream).headers).to.deep.equal({ set: {}, remove });
    const compressed = headOf(200, { "content-type": "application/json", "content-encoding": "br" });
    expect(translate('{"model":"m"}').responseHeaders(compressed).headers).to.deep.equal({ set: {}, remove });
    const plain = headOf(200, { "content-type": "application/json" });
    expect(translate('{"model":"m"}').responseHeaders(plain).headers).to.deep.equal({ set: {}, remove: [] });
  });

  it("reads a compressed stream piece by piece and sends it uncompressed", () => {
    const translator = translate('{"model":"m"}');
    translator.responseHeaders(headOf(200, { "content-type": "text/event-stream", "content-encoding": "gzip" }));
    const told = cut(zlib.gzipSync(usageEvent), 5).map((chunk) => translator.responseBody(chunk));
    expect(Buffer.concat(told.map(({ body }) => body ?? Buffer.from("unchanged"))).toString()).to.equal(usageEvent);
    expect(told.at(-1)?.usage).to.deep.equal({ input: 9 });
    expect(translator.responseEnd().failure).to.equal(undefined);
  });

  it("lets an error in the dialect pass only when its status and content type are right, too (R18, R36)", () => {
    const body = Buffer.from('{"error":{"message":"m","type":"t","param":null,"code":null}}');
    const unchanged = (status: number, headers: Readonly<Record<string, string>>) =>
      translate('{"model":"m"}').responseError(headOf(status, headers), body).unchanged;
    expect(unchanged(500, { "content-type": "application/json; charset=utf-8" })).to.equal(true);
    expect(unchanged(500, { "content-type": "text/event-stream" })).to.equal(false);
    expect(unchanged(500, {})).to.equal(false);
    expect(unchanged(408, { "content-type": "application/json" })).to.equal(false);
  });

  it("makes an error of an error body that cannot be decompressed (R164)", () => {
    const head = headOf(429, { "content-type": "application/json", "content-encoding": "gzip" });
    const { error, unchanged } = translate('{"model":"m"}').responseError(head, Buffer.from("no gzip"));
    expect([error.status, error.kind, unchanged]).to.deep.equal([429, "rate_limit", false]);
  });
});

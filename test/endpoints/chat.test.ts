import zlib from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import type { ClientRequest } from "../../src/core/endpoint.ts";
import { Headers } from "../../src/core/headers.ts";
import { chatEndpoint } from "../../src/endpoints/chat.ts";
import { endpoints } from "../../src/endpoints/index.ts";
import { GatewayError } from "../../src/lib/errors.ts";

const json = { "content-type": "application/json" };

function parse(body: string | Uint8Array, headers: Readonly<Record<string, string>> = json): ClientRequest {
  return chatEndpoint.parse(typeof body === "string" ? Buffer.from(body) : body, new Headers(Object.entries(headers)));
}

function refusal(body: string | Uint8Array, headers?: Readonly<Record<string, string>>): GatewayError {
  try {
    parse(body, headers);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("the request was accepted");
}

describe("chatEndpoint", () => {
  it("is in the registry", () => {
    expect(endpoints).to.include(chatEndpoint);
  });

  it("reads model, stream and include_usage, and keeps the bytes", () => {
    const body = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}';
    const request = parse(body);
    expect(request).to.deep.include({ api: "chat", model: "m", stream: true, includeUsage: true });
    expect(Buffer.from(request.raw).toString()).to.equal(body);
  });

  it("counts null as absent", () => {
    const request = parse('{"model":null,"stream":null,"stream_options":null}');
    expect(request).to.deep.include({ model: undefined, stream: false, includeUsage: false });
    expect(parse('{"stream_options":{"include_usage":null}}').includeUsage).to.equal(false);
  });

  it("reads the last of duplicate members, and escaped names (R3)", () => {
    expect(parse('{"model":"a","m\\u006fdel":"b\\u0021"}').model).to.equal("b!");
  });

  it("reads no nested members", () => {
    expect(parse('{"metadata":{"model":"x","stream":true}}')).to.deep.include({ model: undefined, stream: false });
  });

  for (const [body, param] of [
    ['{"model":5}', "model"],
    ['{"model":["a"]}', "model"],
    ['{"stream":"true"}', "stream"],
    ['{"stream":1}', "stream"],
    ['{"stream_options":true}', "stream_options"],
    ['{"stream_options":{"include_usage":"yes"}}', "stream_options.include_usage"],
  ] as const) {
    it(`refuses ${body}, naming ${param} (R168)`, () => {
      const error = refusal(body);
      expect(error).to.include({ code: "invalid_field", status: 400, param });
      expect(error.message).to.contain(param);
    });
  }

  it("accepts unknown roles, parts and members (R5)", () => {
    expect(parse('{"messages":[{"role":"future","content":[{"type":"hologram"}]}],"x":{"y":1}}').model).to.equal(
      undefined,
    );
  });

  for (const body of [
    "",
    "  ",
    "{",
    "[]",
    '"text"',
    "null",
    '{"a":1}{',
    "{'a':1}",
    new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  ]) {
    it(`refuses ${JSON.stringify(body)} as invalid_json`, () => {
      expect(refusal(body)).to.include({ code: "invalid_json", status: 400 });
    });
  }

  it("says what to send when the body is empty", () => {
    expect(refusal("").message).to.contain("empty").and.contain("messages");
  });

  it("never throws anything but GatewayError (R166)", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            parse(bytes).body();
          } catch (thrown) {
            expect(thrown).to.be.instanceOf(GatewayError);
          }
        },
      ),
    );
  });

  it("refuses multipart and takes every other content type for JSON", () => {
    expect(refusal("{}", { "content-type": "Multipart/form-data; boundary=x" })).to.include({
      code: "json_expected",
      status: 400,
    });
    expect(parse('{"model":"m"}', { "content-type": "application/x-www-form-urlencoded" }).model).to.equal("m");
    expect(parse('{"model":"m"}', {}).model).to.equal("m");
  });

  it("decompresses a compressed request", () => {
    const body = Buffer.from('{"model":"m"}');
    const request = parse(zlib.gzipSync(body), { "content-encoding": "GZip" });
    expect(request.model).to.equal("m");
    expect(body.equals(request.raw)).to.equal(true);
  });

  it("refuses an unknown coding, a broken one and a bomb", () => {
    expect(refusal("{}", { "content-encoding": "compress" })).to.include({
      code: "unsupported_content_encoding",
      status: 400,
    });
    expect(refusal("{}", { "content-encoding": "gzip" })).to.include({ code: "invalid_json", status: 400 });
    const bomb = zlib.gzipSync(Buffer.alloc(51 * 1024 * 1024, 0x20));
    expect(refusal(bomb, { "content-encoding": "gzip" })).to.include({ code: "request_too_large", status: 413 });
  });

  it("parses the body on demand, once, and freezes it through and through (R16)", () => {
    const request = parse('{"a":{"b":[{"c":1}]}}');
    const body = request.body() as { a: { b: { c: number }[] } };
    expect(body).to.deep.equal({ a: { b: [{ c: 1 }] } });
    expect(request.body()).to.equal(body);
    expect([body, body.a, body.a.b, body.a.b[0]].every((value) => Object.isFrozen(value))).to.equal(true);
  });
});

import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { Headers } from "../../../src/core/headers.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { readError } from "../../../src/providers/anthropic/errors.ts";

function read(status: number, body: string | object | Uint8Array, headers: Record<string, string> = {}): GatewayError {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return readError({ status, headers: new Headers(Object.entries(headers)) }, bytes);
}

function told(type: string, message = "what happened") {
  return { type: "error", error: { type, message }, request_id: "req_1" };
}

describe("readError of Anthropic", () => {
  const kinds: readonly [number, string, string][] = [
    [400, "invalid_request_error", "invalid_request"],
    [402, "billing_error", "billing"],
    [403, "permission_error", "permission"],
    [404, "not_found_error", "not_found"],
    [409, "conflict_error", "conflict"],
    [413, "request_too_large", "too_large"],
    [429, "rate_limit_error", "rate_limit"],
    [504, "timeout_error", "timeout"],
    [500, "api_error", "server"],
    [529, "overloaded_error", "overloaded"],
  ];
  for (const [status, type, kind] of kinds) {
    it(`takes ${type} for ${kind} and keeps status ${status} and the message`, () => {
      expect(read(status, told(type))).to.include({ kind, status, message: "what happened", code: null });
    });
  }

  it("lets the name decide over the status", () => {
    expect(read(400, told("rate_limit_error"))).to.include({ kind: "rate_limit", status: 400 });
  });

  it("takes the status for a type that it does not know", () => {
    expect(read(409, told("novel_error"))).to.include({ kind: "conflict", message: "what happened" });
    expect(read(500, told("constructor"))).to.include({ kind: "server" });
  });

  it("changes a status that would mean something else from us", () => {
    expect(read(408, told("timeout_error")).status).to.equal(504);
    expect(read(424, told("api_error")).status).to.equal(502);
  });

  it("never shows what a provider says about credentials", () => {
    for (const [status, type] of [
      [401, "authentication_error"],
      [403, "permission_error"],
    ] as const) {
      const error = read(status, told(type, "x-api-key sk-ant-api03-SECRET is not valid"));
      expect(error).to.include({ kind: "authentication", status, code: "upstream_authentication" });
      expect(error.message).not.to.match(/SECRET|sk-ant/);
    }
  });

  it("reads the forms of compatible servers (R160)", () => {
    expect(read(400, { error: "bad thing" })).to.include({ kind: "invalid_request", message: "bad thing" });
    expect(read(400, { error: { message: "bad", code: 400 } })).to.include({ message: "bad", code: "400" });
    expect(read(400, { error: { type: "api_error" } })).to.include({ status: 400 });
  });

  it("makes an error of HTML, nothing and broken text (R161)", () => {
    expect(read(502, "<html>\u0001Bad</html>")).to.include({ status: 502, message: "<html>Bad</html>" });
    expect(read(500, "")).to.include({ status: 500, message: "upstream returned status 500" });
    expect(read(500, new Uint8Array([0xff, 0xfe]))).to.include({ status: 500 });
  });

  it("decodes a compressed body first, and knows the status of one it cannot decode (R164)", () => {
    const zipped = gzipSync(JSON.stringify(told("rate_limit_error")));
    expect(read(429, zipped, { "content-encoding": "gzip" })).to.include({ message: "what happened" });
    const broken = read(429, zipped.subarray(0, 20), { "content-encoding": "gzip" });
    expect(broken).to.include({ kind: "rate_limit", status: 429, message: "upstream returned status 429" });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300, max: 599 }),
        fc.oneof(fc.json(), fc.string({ unit: "binary" })),
        (status, body) => {
          expect(read(status, body)).to.be.instanceOf(GatewayError);
        },
      ),
    );
  });
});

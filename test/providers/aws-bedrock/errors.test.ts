import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { Headers } from "../../../src/core/headers.ts";
import { chatEndpoint } from "../../../src/endpoints/chat.ts";
import { GatewayError } from "../../../src/lib/errors.ts";
import { readError, readErrorIn, readException, streamError } from "../../../src/providers/aws-bedrock/errors.ts";

function read(
  status: number,
  type: string | undefined,
  body: string | object | Uint8Array = { message: "what happened" },
  headers: Record<string, string> = {},
): GatewayError {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const all = { ...(type === undefined ? {} : { "x-amzn-errortype": type }), ...headers };
  return readError({ status, headers: new Headers(Object.entries(all)) }, bytes);
}

const kinds: readonly [number, string, string, number?][] = [
  [400, "ValidationException", "invalid_request"],
  [403, "AccessDeniedException", "permission"],
  [404, "ResourceNotFoundException", "not_found"],
  [409, "ConflictException", "conflict"],
  [429, "ThrottlingException", "rate_limit"],
  [429, "TooManyRequestsException", "rate_limit"],
  [400, "ServiceQuotaExceededException", "rate_limit", 429],
  [429, "ModelNotReadyException", "overloaded"],
  [503, "ServiceUnavailableException", "overloaded"],
  [408, "ModelTimeoutException", "timeout", 504],
  [424, "ModelErrorException", "server", 502],
  [424, "ModelStreamErrorException", "server", 502],
  [500, "InternalServerException", "server"],
];
const credentialTypes = [
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ExpiredTokenException",
  "MissingAuthenticationTokenException",
  "IncompleteSignatureException",
];

describe("readError of AWS Bedrock", () => {
  for (const [status, type, kind, shown] of kinds) {
    it(`takes ${type} for ${kind}, with status ${shown ?? status} and the message`, () => {
      expect(read(status, type)).to.include({ kind, status: shown ?? status, message: "what happened", code: null });
    });
  }

  it("never shows what the service says about credentials (R170)", () => {
    for (const type of credentialTypes) {
      const error = read(403, type, { message: "The Canonical String should have been AKIASECRETSECRET" });
      expect(error).to.include({ kind: "authentication", status: 403, code: "upstream_authentication" });
      expect(error.message).not.to.match(/Canonical|SECRET/);
    }
    const denied = read(403, "AccessDeniedException", { message: "User AKIAIOSFODNN7EXAMPLE is not authorized" });
    expect(denied.message).not.to.include("AKIA");
  });

  it("reduces the type to its bare name, from the header or the body (R162)", () => {
    for (const type of ["ThrottlingException:http://internal.amazon.com/coral/", " throttlingException "]) {
      expect(read(400, type)).to.include({ kind: "rate_limit", status: 400 });
    }
    for (const __type of ["com.amazon.coral.service#ThrottlingException", "a#ThrottlingException:http://x#y"]) {
      expect(read(400, undefined, { __type, message: "slow" })).to.include({ kind: "rate_limit", message: "slow" });
    }
    const both = read(400, "ValidationException", { __type: "ThrottlingException", message: "x" });
    expect(both.kind).to.equal("invalid_request");
  });

  it("reads the message in either spelling, and knows the kind without one", () => {
    expect(read(400, "ValidationException", { Message: "big M" }).message).to.equal("big M");
    expect(read(400, "ThrottlingException", {})).to.include({
      kind: "rate_limit",
      message: "upstream returned status 400",
    });
  });

  it("keeps a message whole that must be escaped in JSON (R158)", () => {
    const message = 'a "b" \\ \n \u0001 é \u2028';
    const rendered = chatEndpoint.errorBody(read(400, "ValidationException", { message }));
    expect(JSON.parse(Buffer.from(rendered).toString())).to.have.nested.property("error.message", message);
  });

  it("goes by the status when the type is unknown or missing", () => {
    expect(read(409, "NovelException")).to.include({ kind: "conflict", message: "what happened" });
    expect(read(500, "constructor")).to.include({ kind: "server" });
    expect(read(413, undefined)).to.include({ kind: "too_large", status: 413 });
  });

  it("reads the forms of proxies in front of it, HTML, nothing and broken text (R160, R161)", () => {
    expect(read(400, undefined, { error: "bad thing" })).to.include({ kind: "invalid_request", message: "bad thing" });
    expect(read(502, undefined, "<html>\u0001Bad</html>")).to.include({ status: 502, message: "<html>Bad</html>" });
    expect(read(500, undefined, "")).to.include({ status: 500, message: "upstream returned status 500" });
    expect(read(500, undefined, new Uint8Array([0xff, 0xfe]))).to.include({ status: 500 });
  });

  it("decodes a compressed body first, and knows the status of one it cannot decode (R164)", () => {
    const zipped = gzipSync('{"message":"what happened"}');
    const encoding = { "content-encoding": "gzip" };
    expect(read(429, "ThrottlingException", zipped, encoding).message).to.equal("what happened");
    expect(read(429, undefined, zipped.subarray(0, 20), encoding)).to.include({ kind: "rate_limit", status: 429 });
  });

  it("never throws", () => {
    const body = fc.oneof(fc.json(), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 599 }), fc.option(fc.string()), body, (status, type, text) => {
        expect(read(status, type ?? undefined, text)).to.be.instanceOf(GatewayError);
      }),
    );
  });
});

describe("errors in AWS Bedrock streams", () => {
  it("know exceptions by their type, which begins with a small letter there (R47)", () => {
    for (const [, type, kind] of kinds) {
      const small = (type[0] ?? "").toLowerCase() + type.slice(1);
      const error = readException(small, Buffer.from('{"message":"what happened"}'));
      expect(error).to.include({ kind, message: "what happened" });
      expect(error.status).to.be.within(400, 504);
    }
    expect(readException("novelException", Buffer.from("{}"))).to.include({ kind: "server", status: 502 });
  });

  it("say something when the provider says nothing that can be read", () => {
    for (const payload of ["", "null", "[", '{"message":7}', '{"message":""}']) {
      const error = readException("throttlingException", Buffer.from(payload));
      expect(error).to.include({ kind: "rate_limit", message: "the provider reported an error" });
    }
  });

  it("never show what the service says about credentials (R170)", () => {
    const error = streamError("ExpiredTokenException", "token FwoGZXIvYXdzEXAMPLE is expired");
    expect(error).to.include({ kind: "authentication", code: "upstream_authentication" });
    expect(error.message).not.to.include("FwoG");
  });

  it("are found in a 200 answer that names an exception, and nowhere else", () => {
    expect(readErrorIn({ __type: "a#ThrottlingException", message: "slow" })).to.include({ kind: "rate_limit" });
    for (const document of [{}, { message: "x" }, { __type: 5 }, null, [1], "x"]) {
      expect(readErrorIn(document)).to.equal(undefined);
    }
  });
});

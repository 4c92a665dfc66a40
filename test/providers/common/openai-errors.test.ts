import { expect } from "chai";
import fc from "fast-check";
import { openaiError, openaiErrorIn } from "../../../src/providers/common/openai-errors.ts";
import { clientStatus, kindOfStatus, unknownError } from "../../../src/providers/common/unknown-error.ts";

function read(status: number, body: unknown): ReturnType<typeof openaiError> {
  return openaiError(status, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

const dialect = { error: { message: "no such thing", type: "invalid_request_error", param: "x", code: "bad_x" } };

describe("openaiError", () => {
  it("lets a body in the dialect pass, with kind by status (R18)", () => {
    const { error, unchanged } = read(404, dialect);
    expect(unchanged).to.equal(true);
    expect(error).to.include({ kind: "not_found", status: 404, message: "no such thing", code: "bad_x", param: "x" });
  });

  it("renders numeric codes as strings, and takes error for the message when it is a string (R160)", () => {
    const numeric = read(400, { error: { message: "m", type: "t", code: 1234 } });
    expect([numeric.unchanged, numeric.error.code]).to.deep.equal([false, "1234"]);
    const text = read(404, { error: "model not found" });
    expect([text.unchanged, text.error.message, text.error.kind]).to.deep.equal([
      false,
      "model not found",
      "not_found",
    ]);
  });

  it("takes message and detail at the top level", () => {
    expect(read(400, { message: "m", code: "c" }).error).to.include({ message: "m", code: "c" });
    expect(read(400, { detail: "d" }).error.message).to.equal("d");
    expect(read(422, { detail: [{ msg: "one" }, "two", 3] }).error.message).to.equal("one; two");
    expect(read(422, { object: "error", message: "m", code: 400 }).unchanged).to.equal(false);
  });

  it("unwraps an array of one (R163)", () => {
    expect(read(429, [dialect])).to.deep.include({ unchanged: false });
    expect(read(429, [dialect]).error).to.include({ message: "no such thing", kind: "rate_limit" });
  });

  it("makes an error of HTML, nothing, and bytes that are no text, with the provider's status (R161)", () => {
    expect(read(502, "<b>\n\u0007Bad \u009dGateway</b>").error).to.include({
      message: "<b>Bad Gateway</b>",
      status: 502,
    });
    expect(read(500, "").error).to.include({ message: "upstream returned status 500", status: 500, kind: "server" });
    expect(read(503, '{"x":1}').error).to.include({ message: '{"x":1}', status: 503, kind: "overloaded" });
    const binary = openaiError(500, new Uint8Array([0xff, 0xfe, 0x00, 0x41]));
    expect(binary.error).to.include({ status: 500, message: "��A" });
    expect(binary.unchanged).to.equal(false);
  });

  it("shows 1024 characters of an unknown body, cut between characters", () => {
    const message = read(500, "🙂".repeat(2000)).error.message;
    expect(message).to.equal("🙂".repeat(1024));
  });

  it("never shows a part of the gateway's key", () => {
    const told = "Incorrect API key provided: sk-proj-ab***yz.";
    const { error, unchanged } = read(401, { error: { ...dialect.error, message: told } });
    expect(unchanged).to.equal(false);
    expect(error).to.include({ kind: "authentication", status: 401, code: "upstream_authentication" });
    for (const [status, body] of [
      [403, { error: { ...dialect.error, message: "key sk-proj-abcdefgh has no access" } }],
      [400, { error: { ...dialect.error, message: "bad header Bearer abcdefghijkl" } }],
      [400, { error: { ...dialect.error, metadata: { used: "gsk_abcdefghijkl" } } }],
      [500, "AIzaSyA1234567890 was refused; AKIAIOSFODNN7EXAMPLE too; tok***en as well"],
    ] as const) {
      const result = read(status, body);
      expect(result.unchanged, JSON.stringify(body)).to.equal(false);
      expect(result.error.message).to.not.match(/abcdefgh|SyA1234|IOSFODNN|tok|\*/);
      expect(result.error.status).to.equal(status);
    }
  });

  it("lets ordinary 403 messages pass", () => {
    expect(read(403, { error: { ...dialect.error, message: "Country not supported" } }).unchanged).to.equal(true);
  });

  it("looks at a large body in linear time", () => {
    const started = process.cpuUsage().user;
    expect(read(500, { error: { ...dialect.error, message: "a".repeat(900_000) } }).unchanged).to.equal(true);
    expect((process.cpuUsage().user - started) / 1000, "milliseconds").to.be.below(2000);
  });

  it("never throws, whatever the body is", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json().map((text) => Buffer.from(text)),
          fc.uint8Array(),
        ),
        (body) => {
          expect(openaiError(500, body).error.status).to.equal(500);
        },
      ),
    );
  });
});

describe("openaiErrorIn", () => {
  it("finds no error where there is none", () => {
    expect([{}, null, [], { error: null }, { choices: [], error: "" }].map(openaiErrorIn)).to.deep.equal(
      Array(5).fill(undefined),
    );
  });

  it("takes the kind from a numeric code, else from the names", () => {
    expect(openaiErrorIn({ error: { message: "m", code: 429 } })).to.include({
      kind: "rate_limit",
      status: 429,
      code: "429",
    });
    expect(openaiErrorIn({ error: { message: "m", type: "overloaded_error" } })).to.include({
      kind: "overloaded",
      status: 503,
    });
    expect(openaiErrorIn({ error: { message: "m", code: "insufficient_quota" } })).to.include({
      kind: "billing",
      status: 402,
    });
    expect(openaiErrorIn({ error: { message: "m", type: "toString" } })).to.include({ kind: "server", status: 502 });
  });

  it("makes an error even of one that says nothing", () => {
    expect(openaiErrorIn({ error: {} })).to.include({ kind: "server", status: 502 });
    expect(openaiErrorIn({ error: "boom" })).to.include({ message: "boom" });
  });
});

describe("kindOfStatus and clientStatus", () => {
  it("maps statuses as the table of translation.md §5.3 says", () => {
    const statuses = [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 424, 429, 500, 502, 503, 504, 529, 302, 101];
    expect(statuses.map((status) => [kindOfStatus(status), clientStatus(status)])).to.deep.equal([
      ["invalid_request", 400],
      ["authentication", 401],
      ["billing", 402],
      ["permission", 403],
      ["not_found", 404],
      ["timeout", 504],
      ["conflict", 409],
      ["too_large", 413],
      ["invalid_request", 418],
      ["invalid_request", 422],
      ["server", 502],
      ["rate_limit", 429],
      ["server", 500],
      ["server", 502],
      ["overloaded", 503],
      ["timeout", 504],
      ["overloaded", 529],
      ["server", 502],
      ["server", 502],
    ]);
    expect(unknownError(302, new Uint8Array(0)).message).to.equal("upstream returned status 302");
  });
});

import { expect } from "chai";
import fc from "fast-check";
import { openaiErrorBody, openaiStreamCut, openaiStreamError } from "../../../src/endpoints/dialects/openai.ts";
import { type ErrorKind, GatewayError, statusOfKind } from "../../../src/lib/errors.ts";
import { SseDecoder } from "../../../src/lib/sse.ts";

function bodyOf(error: GatewayError): unknown {
  return JSON.parse(Buffer.from(openaiErrorBody(error)).toString());
}

/** §5.3: kind → type and default code. */
const expected: Readonly<Record<ErrorKind, readonly [type: string, code: string | null]>> = {
  invalid_request: ["invalid_request_error", null],
  authentication: ["authentication_error", "upstream_authentication"],
  billing: ["insufficient_quota", "insufficient_quota"],
  permission: ["permission_error", null],
  not_found: ["not_found_error", "model_not_found"],
  conflict: ["conflict_error", null],
  too_large: ["invalid_request_error", "request_too_large"],
  rate_limit: ["rate_limit_error", "rate_limit_exceeded"],
  timeout: ["timeout_error", "timeout"],
  overloaded: ["server_error", "overloaded"],
  server: ["server_error", null],
  refusal: ["invalid_request_error", null],
};

describe("openai dialect", () => {
  for (const kind of Object.keys(statusOfKind) as ErrorKind[]) {
    it(`renders ${kind}`, () => {
      const [type, code] = expected[kind];
      expect(bodyOf(GatewayError.fromProvider(kind, "m"))).to.deep.equal({
        error: { message: "m", type, param: null, code },
      });
    });
  }

  it("shows code and param of our refusals", () => {
    const error = new GatewayError("invalid_field", "model must be a string", { param: "model" });
    expect(bodyOf(error)).to.deep.equal({
      error: {
        message: "model must be a string",
        type: "invalid_request_error",
        param: "model",
        code: "invalid_field",
      },
    });
  });

  it("is JSON whatever the message is (R158)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (message) => {
        expect(bodyOf(GatewayError.fromProvider("server", message))).to.have.nested.property("error.message", message);
      }),
    );
    expect(bodyOf(GatewayError.fromProvider("server", '"\\\n\u0000'))).to.have.nested.property(
      "error.message",
      '"\\\n\u0000',
    );
  });

  it("writes one event that ends with a blank line, without [DONE] (R45, R154)", () => {
    const error = new GatewayError("upstream_truncated", "line one\nline two");
    const bytes = openaiStreamError(error);
    expect(Buffer.from(bytes).toString()).to.match(/^data: .*[^\n]\n\n$/);
    const decoder = new SseDecoder(10_000);
    const [event, ...others] = decoder.push(bytes);
    expect(JSON.parse(event?.data ?? "")).to.deep.equal(bodyOf(error));
    expect(others).to.deep.equal([]);
    expect(decoder.done).to.equal(false);
  });
});

describe("openaiStreamCut", () => {
  const reason = new GatewayError("budget_exceeded", "the budget ended", { members: { budget: { name: "ai/b" } } });
  const cut = (choices: number) => {
    const usage = { input: 3, output: 4, total: 7 };
    const bytes = openaiStreamCut({ reason, usage, model: "gpt-4o", choices, nowMs: 1_500 });
    return Buffer.from(bytes).toString().split("\n\n");
  };

  it("is one chunk with usage, the budget and the end of every choice, and the terminator (L34)", () => {
    const [chunk = "", ...rest] = cut(2);
    expect(JSON.parse(chunk.slice("data: ".length))).to.deep.equal({
      id: "chatcmpl-tollgate-budget",
      object: "chat.completion.chunk",
      created: 1,
      model: "gpt-4o",
      choices: [0, 1].map((index) => ({ index, delta: {}, finish_reason: "length" })),
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      tollgate: { code: "budget_exceeded", message: "the budget ended", budget: { name: "ai/b" } },
    });
    expect(rest).to.deep.equal(["data: [DONE]", ""]);
  });

  it("ends no more choices than the API knows, whatever the client asked for", () => {
    expect(JSON.parse((cut(1e9)[0] ?? "").slice("data: ".length)).choices).to.have.length(128);
  });
});

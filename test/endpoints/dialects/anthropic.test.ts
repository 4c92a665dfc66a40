import { expect } from "chai";
import fc from "fast-check";
import {
  anthropicErrorBody,
  anthropicStreamCut,
  anthropicStreamError,
} from "../../../src/endpoints/dialects/anthropic.ts";
import { type ErrorKind, GatewayError, statusOfKind } from "../../../src/lib/errors.ts";
import { SseDecoder } from "../../../src/lib/sse.ts";

function bodyOf(error: GatewayError): unknown {
  return JSON.parse(Buffer.from(anthropicErrorBody(error)).toString());
}

/** §5.3: kind → type. */
const expected: Readonly<Record<ErrorKind, string>> = {
  invalid_request: "invalid_request_error",
  authentication: "authentication_error",
  billing: "billing_error",
  permission: "permission_error",
  not_found: "not_found_error",
  conflict: "conflict_error",
  too_large: "request_too_large",
  rate_limit: "rate_limit_error",
  timeout: "timeout_error",
  overloaded: "overloaded_error",
  server: "api_error",
  refusal: "invalid_request_error",
};

function eventsOf(bytes: Uint8Array) {
  return new SseDecoder(10_000).push(bytes).map(({ event, data }) => ({ event, data: JSON.parse(data) as unknown }));
}

describe("anthropic dialect", () => {
  for (const kind of Object.keys(statusOfKind) as ErrorKind[]) {
    it(`renders ${kind} (R159)`, () => {
      expect(bodyOf(GatewayError.fromProvider(kind, "m"))).to.deep.equal({
        type: "error",
        error: { type: expected[kind], message: "m" },
      });
    });
  }

  it("tells what refused, as the other dialects do", () => {
    const error = new GatewayError("budget_exceeded", "too dear", { members: { budget: { name: "a" } } });
    expect(bodyOf(error)).to.deep.equal({
      type: "error",
      error: { type: "rate_limit_error", message: "too dear", budget: { name: "a" } },
    });
    expect(bodyOf(new GatewayError("unknown_model", "m"))).to.have.nested.property("error.type", "not_found_error");
  });

  it("is JSON whatever the message is (R158)", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (message) => {
        expect(bodyOf(GatewayError.fromProvider("server", message))).to.have.nested.property("error.message", message);
      }),
    );
  });

  it("writes one named event that ends with a blank line, without message_stop (R45, R154)", () => {
    const error = new GatewayError("upstream_truncated", "line one\nline two");
    const bytes = anthropicStreamError(error);
    expect(Buffer.from(bytes).toString()).to.match(/^event: error\ndata: .*[^\n]\n\n$/);
    expect(eventsOf(bytes)).to.deep.equal([{ event: "error", data: bodyOf(error) }]);
  });

  it("ends a stream that is cut off as one that reached its maximum, with the input that was not cached (L34, R137)", () => {
    const reason = new GatewayError("budget_exceeded", "no more", { members: { budget: { name: "b" } } });
    const usage = { input: 100, cachedInput: 60, cacheWrite: 30, output: 7, total: 107 };
    const bytes = anthropicStreamCut({ reason, usage, model: "m", choices: 1, nowMs: 0 });
    expect(eventsOf(bytes)).to.deep.equal([
      {
        event: "message_delta",
        data: {
          type: "message_delta",
          delta: { stop_reason: "max_tokens", stop_sequence: null },
          usage: { input_tokens: 10, output_tokens: 7 },
          tollgate: { code: "budget_exceeded", message: "no more", budget: { name: "b" } },
        },
      },
      { event: "message_stop", data: { type: "message_stop" } },
    ]);
  });
});

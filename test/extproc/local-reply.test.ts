import { expect } from "chai";
import type { RequestPlan } from "../../src/core/request-plan.ts";
import { localReplyError } from "../../src/extproc/local-reply.ts";
import { makeSession } from "./support.ts";

const planned = (): ReturnType<typeof makeSession> => {
  const session = makeSession("s");
  const attempts = ["ns/a", "ns/b", "ns/a"].map((id) => ({ backend: { id } }));
  session.plan = { attempts } as unknown as RequestPlan;
  return session;
};

describe("localReplyError", () => {
  it("names every backend that was tried, once", () => {
    const error = localReplyError(planned(), 503, "no_healthy_upstream");
    expect(error).to.include({ code: "upstream_unavailable", status: 503 });
    expect(error.message).to.equal("no provider could be reached (tried ns/a, ns/b)");
  });

  it("tells a time-out from a connection that broke", () => {
    expect(localReplyError(planned(), 504, "response_timeout")).to.include({ code: "upstream_timeout", status: 504 });
    const reset = localReplyError(planned(), 502, "upstream_reset_after_response_started{protocol_error}");
    expect(reset).to.include({ code: "upstream_unavailable", status: 502 });
  });

  it("blames the request for what became of its upload", () => {
    const large = localReplyError(makeSession("s"), 413, "request_payload_too_large");
    expect(large).to.include({ code: "request_too_large", status: 413 });
    const slow = localReplyError(makeSession("s"), 408, "request_overall_timeout");
    expect(slow).to.include({ code: "request_timeout", status: 408 });
    const other = localReplyError(makeSession("s"), 400, "http1.invalid_transfer_encoding");
    expect(other).to.include({ code: "invalid_http", status: 400 });
  });

  it("blames the gateway when the limits could not be asked", () => {
    expect(localReplyError(planned(), 503, "rate_limiter_error")).to.include({ code: "gateway_unavailable" });
  });
});

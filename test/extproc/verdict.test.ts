import { expect } from "chai";
import { isJudged, judgeAttempt } from "../../src/extproc/verdict.ts";
import { answered, anthropic, attemptAt, bound, openai, reportOf } from "./paying.ts";
import { makeSession } from "./support.ts";

function makeForwarded() {
  const session = makeSession("s");
  session.forwarded = true;
  return session;
}

/** The verdict on one attempt that nobody answered, by what Envoy reports of it. */
function reported(status: number, ...flags: string[]): string {
  const session = makeForwarded();
  const attempt = attemptAt(openai);
  session.attempts.push(attempt);
  session.reports.push(reportOf(openai, status, ...flags));
  return judgeAttempt(session, attempt).verdict;
}

function judged(became: Parameters<typeof attemptAt>[1]) {
  const { verdict, most, estimated } = judgeAttempt(makeForwarded(), attemptAt(openai, became));
  return { verdict, most: most && [most.input, most.output, most.total], estimated };
}

const whole = { verdict: "unknown", most: [100, 200, 300], estimated: true };

describe("judgeAttempt", () => {
  it("is billed where the provider told everything (L33)", () => {
    expect(judged(answered)).to.deep.equal({ verdict: "billed", most: [40, 60, 100], estimated: false });
  });

  it("is free where the provider answered with an error", () => {
    expect(judged({ ended: "refused", told: { output: 7 } })).to.deep.equal({
      verdict: "free",
      most: undefined,
      estimated: false,
    });
  });

  it("counts the whole bound of what nobody can tell: no answer, a JSON answer in part, a stream that broke (L33)", () => {
    expect(judged({})).to.deep.equal(whole);
    expect(judged({ ended: "buffering" })).to.deep.equal(whole);
    expect(judged({ ended: "broken", told: { input: 3 }, bytes: 20 })).to.deep.equal(whole);
  });

  it("counts of a broken stream what was told beyond the bound as well", () => {
    expect(judged({ ended: "broken", told: { input: 120, output: 250 } }).most).to.deep.equal([120, 250, 370]);
  });

  it("counts of a stream what came of it: a token a byte, and the bound at most (L32)", () => {
    expect(judged({ ended: "streaming", bytes: 20 })).to.deep.equal({ ...whole, most: [100, 20, 120] });
    expect(judged({ ended: "streaming", bytes: 20, told: { input: 40 } }).most).to.deep.equal([40, 20, 60]);
    expect(judged({ ended: "streaming", bytes: 300 }).most).to.deep.equal([100, 200, 300]);
  });

  it("counts more than the bound where more came of it: four bytes make a token", () => {
    expect(judged({ ended: "streaming", bytes: 2_000 }).most).to.deep.equal([100, 500, 600]);
  });

  it("counts the whole output where some of it is never shown, until the provider tells", () => {
    const hiding = { bound: { ...bound, hidesOutput: true } };
    expect(judged({ ...hiding, ended: "streaming", bytes: 20, told: { output: 3 } }).most).to.deep.equal([
      100, 200, 300,
    ]);
    expect(judged({ ...hiding, ...answered }).most).to.deep.equal([40, 60, 100]);
    expect(judged({ ...hiding, ended: "answered", bytes: 20 }).most).to.deep.equal([100, 200, 300]);
  });

  it("has no most where nobody pays", () => {
    expect(judged({ bound: undefined }).most).to.equal(undefined);
  });

  for (const flag of [
    "no_healthy_upstream",
    "no_cluster_found",
    "dns_resolution_failure",
    "upstream_connection_failure",
    "upstream_overflow",
  ]) {
    it(`is free when Envoy says ${flag}: it was never sent (L33)`, () => {
      expect(reported(0, flag)).to.equal("free");
    });
  }

  for (const flag of [
    "upstream_request_timeout",
    "upstream_remote_reset",
    "upstream_connection_termination",
    "upstream_protocol_error",
    "downstream_connection_termination",
    "overload_manager",
  ]) {
    it(`is unknown when Envoy says ${flag}: it may have been sent (L33)`, () => {
      expect(reported(0, flag)).to.equal("unknown");
    });
  }

  it("is free when Envoy saw an error answer, and unknown when it saw another one that never came here", () => {
    expect([reported(429), reported(503), reported(200)]).to.deep.equal(["free", "free", "unknown"]);
  });

  it("takes the reports of one backend in order, each for one attempt (L33)", () => {
    const session = makeForwarded();
    const attempts = [attemptAt(openai), attemptAt(anthropic), attemptAt(openai), attemptAt(openai)];
    session.attempts.push(...attempts);
    session.reports.push(reportOf(openai, 0), reportOf(openai, 500), reportOf(anthropic, 503));
    const verdicts = attempts.map((attempt) => judgeAttempt(session, attempt).verdict);
    expect(verdicts).to.deep.equal(["unknown", "free", "free", "unknown"]);
  });

  it("believes what came here more than a report", () => {
    const session = makeForwarded();
    const attempt = attemptAt(openai, answered);
    session.attempts.push(attempt);
    session.reports.push(reportOf(openai, 503));
    expect(judgeAttempt(session, attempt).verdict).to.equal("billed");
  });

  it("is free as long as nothing was forwarded, and when a filter behind us refused the request (L32)", () => {
    const attempt = attemptAt(openai);
    expect(judgeAttempt(makeSession("never"), attempt).verdict).to.equal("free");
    const limited = makeForwarded();
    limited.outcome = { kind: "limited", limit: undefined };
    expect(judgeAttempt(limited, attempt).verdict).to.equal("free");
    const refused = makeForwarded();
    refused.attemptCount = 0;
    expect(judgeAttempt(refused, attempt).verdict).to.equal("free");
    const failed = makeForwarded();
    failed.outcome = { kind: "failed", code: "internal_error" };
    expect(judgeAttempt(failed, attempt).verdict).to.equal("unknown");
  });
});

describe("isJudged", () => {
  it("is true when no report can change a verdict any more", () => {
    const session = makeForwarded();
    expect(isJudged(makeSession("never"))).to.equal(true);
    session.attempts.push(attemptAt(openai));
    expect(isJudged(session)).to.equal(false);
    session.attempts.push(attemptAt(anthropic, answered));
    expect(isJudged(session)).to.equal(false);
    session.outcome = { kind: "limited", limit: undefined };
    expect(isJudged(session)).to.equal(true);
    const answeredAtOnce = makeForwarded();
    answeredAtOnce.attempts.push(attemptAt(openai, answered));
    expect(isJudged(answeredAtOnce)).to.equal(true);
  });
});

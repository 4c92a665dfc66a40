import { expect } from "chai";
import type { AttemptReport, Session, SessionAttempt } from "../../src/extproc/session.ts";
import { Sessions } from "../../src/extproc/sessions.ts";
import { UsageMeter } from "../../src/metering/usage-meter.ts";
import { makeBackend, makeRef } from "../planning/support.ts";
import { makeSession, makeTranslator } from "./support.ts";

function makeSessions(maxSessions = 10) {
  const clock = { nowMs: 0 };
  const closed: string[] = [];
  const swept: string[] = [];
  const sessions = new Sessions({
    maxSessions,
    maxAgeMs: 60_000,
    nowMs: () => clock.nowMs,
    closed: async ({ id }) => void closed.push(id),
    swept: ({ id }) => swept.push(id),
  });
  const open = (id: string, attempts = 0): Session => {
    const session = makeSession(id, clock.nowMs);
    session.forwarded = true;
    for (let count = 0; count < attempts; count++) session.attempts.push(makeAttempt());
    expect(sessions.add(session)).to.equal(true);
    return session;
  };
  return { sessions, closed, swept, clock, open };
}

function makeAttempt(): SessionAttempt {
  return {
    planned: { backend: makeBackend("ai/openai"), ref: makeRef("ai/openai"), model: "m" },
    meter: new UsageMeter({ estimatedInputTokens: 0, onIgnored: () => undefined }),
    warnings: [],
    bound: undefined,
    ended: undefined,
    translator: makeTranslator(),
  };
}

const report: AttemptReport = { backendId: "ai/openai", status: 200, flags: [] };

describe("Sessions", () => {
  it("finds a session until it ends", () => {
    const { sessions, open } = makeSessions();
    const session = open("a", 1);
    expect(sessions.find("a")).to.equal(session);
    expect(sessions.size).to.equal(1);
    sessions.end(session);
    expect(sessions.find("a")).to.equal(undefined);
    expect(sessions.size).to.equal(0);
  });

  it("is bounded: refuses one too many, and takes the next when one ended", () => {
    const { sessions, open } = makeSessions(2);
    const first = open("a");
    open("b");
    expect(sessions.add(makeSession("c"))).to.equal(false);
    expect(sessions.find("c")).to.equal(undefined);
    sessions.end(first);
    expect(sessions.add(makeSession("c"))).to.equal(true);
  });

  it("closes a session at once when all its attempts were reported", () => {
    const { sessions, closed, open } = makeSessions();
    const session = open("a", 1);
    sessions.report("a", report);
    expect(closed).to.deep.equal([]);
    sessions.end(session);
    expect(closed).to.deep.equal(["a"]);
  });

  it("waits for late reports, as many as Envoy says there were attempts, and closes once", async () => {
    const { sessions, closed, open, clock } = makeSessions();
    const session = open("a", 1);
    session.attemptCount = 2;
    sessions.end(session);
    sessions.report("a", report);
    expect(closed).to.deep.equal([]);
    sessions.report("a", report);
    expect(closed).to.deep.equal(["a"]);
    expect(session.reports).to.have.length(2);
    sessions.report("a", report);
    sessions.end(session);
    clock.nowMs = 1_000_000;
    sessions.sweep();
    await sessions.flush();
    expect(closed).to.deep.equal(["a"]);
  });

  it("gives up waiting after two seconds", () => {
    const { sessions, closed, open, clock } = makeSessions();
    sessions.end(open("a", 1));
    clock.nowMs = 1_999;
    sessions.sweep();
    expect(closed).to.deep.equal([]);
    clock.nowMs = 2_000;
    sessions.sweep();
    expect(closed).to.deep.equal(["a"]);
  });

  for (const outcome of [
    { kind: "rejected", code: "missing_model" },
    { kind: "limited", limit: "users rule 1" },
  ] as const) {
    it(`does not wait for a session that was ${outcome.kind}: nothing was sent`, () => {
      const { sessions, closed, open } = makeSessions();
      const session = open("a", 1);
      session.outcome = outcome;
      sessions.end(session);
      expect(closed).to.deep.equal(["a"]);
    });
  }

  it("sweeps sessions that never ended, once, oldest first, and leaves young ones", () => {
    const { sessions, closed, swept, open, clock } = makeSessions();
    open("a");
    clock.nowMs = 1_000;
    open("b");
    clock.nowMs = 40_000;
    open("c");
    clock.nowMs = 61_000;
    sessions.sweep();
    sessions.sweep();
    expect(swept).to.deep.equal(["a", "b"]);
    expect(closed).to.deep.equal(["a", "b"]);
    expect(sessions.size).to.equal(1);
  });

  it("ending twice closes once", () => {
    const { sessions, closed, open } = makeSessions();
    const session = open("a");
    sessions.end(session);
    sessions.end(session);
    expect(closed).to.deep.equal(["a"]);
  });

  it("lets go of what is large when it ends, and keeps what the log needs", () => {
    const { sessions, open } = makeSessions();
    const session = open("a", 1);
    sessions.end(session);
    expect(session.request).to.equal(undefined);
    expect(session.attempts[0]?.translator).to.equal(undefined);
    expect(session.attempts[0]?.planned.backend.id).to.equal("ai/openai");
  });

  it("flush closes what still waits, and a report for nobody is ignored", () => {
    const { sessions, closed, open } = makeSessions();
    sessions.end(open("a", 1));
    sessions.report("nobody", report);
    void sessions.flush();
    void sessions.flush();
    expect(closed).to.deep.equal(["a"]);
  });

  it("flush ends what is open, and resolves when everything is closed: nothing stays held at a shutdown (L32)", async () => {
    let record = (): void => undefined;
    const recorded = new Promise<void>((resolve) => {
      record = resolve;
    });
    const sessions = new Sessions({
      maxSessions: 10,
      maxAgeMs: 60_000,
      nowMs: () => 0,
      closed: () => recorded,
      swept: () => undefined,
    });
    const session = makeSession("a");
    sessions.add(session);
    let flushed = false;
    const flushing = sessions.flush().then(() => {
      flushed = true;
    });
    await Promise.resolve();
    expect(flushed).to.equal(false);
    record();
    await flushing;
    expect(session.outcome).to.deep.equal({ kind: "aborted" });
    expect(sessions.size).to.equal(0);
  });

  it("does not wait for a session that was never forwarded: nobody will report of it (L32)", () => {
    const { sessions, closed, open } = makeSessions();
    const session = open("a", 1);
    session.forwarded = false;
    sessions.end(session);
    expect(closed).to.deep.equal(["a"]);
  });
});

import type { Verdict } from "../core/request-record.ts";
import type { MeteredUsage, TokenBound } from "../metering/usage-meter.ts";
import type { AttemptReport, Session, SessionAttempt } from "./session.ts";

/** What is known of an attempt's use. */
export interface JudgedAttempt {
  readonly verdict: Verdict;
  /** The provider's numbers; what is not told is estimated. Undefined = free. */
  readonly usage: MeteredUsage | undefined;
  /** The most that it can have used; equal to `usage` where the provider told everything, undefined = free, or no bound is known. */
  readonly most: MeteredUsage | undefined;
  readonly estimated: boolean;
}

const free: JudgedAttempt = { verdict: "free", usage: undefined, most: undefined, estimated: false };

/** Envoy's words (`ResponseFlags` of its access log) for an attempt that never reached its provider. */
const neverSent = new Set([
  "failed_local_healthcheck",
  "no_healthy_upstream",
  "no_route_found",
  "no_cluster_found",
  "dns_resolution_failure",
  "upstream_connection_failure",
  "upstream_overflow",
]);

/** An error answer carries no usage, and no provider bills it. */
function isFree({ status, flags }: AttemptReport): boolean {
  return status >= 400 || flags.some((flag) => neverSent.has(flag));
}

/** What Envoy's log told of each attempt: of those at one backend the first report belongs to the first. */
function reportOf(session: Session, attempt: SessionAttempt): AttemptReport | undefined {
  const { id } = attempt.planned.backend;
  const before = session.attempts.slice(0, session.attempts.indexOf(attempt));
  const position = before.filter(({ planned }) => planned.backend.id === id).length;
  return session.reports.filter(({ backendId }) => backendId === id)[position];
}

/** No attempt was made: Envoy never got the request from us, or a filter behind us refused it. */
function neverForwarded({ forwarded, attemptCount, outcome }: Session): boolean {
  return !forwarded || attemptCount === 0 || outcome?.kind === "limited";
}

/**
 * Judges one attempt by what is known now (limits.md L33). Of an attempt that is still unknown nobody may ever tell more: it
 * counts as if the provider billed all that it may.
 */
export function judgeAttempt(session: Session, attempt: SessionAttempt): JudgedAttempt {
  const { meter, bound, ended } = attempt;
  if (ended === "refused") return free;
  const report = reportOf(session, attempt);
  if (ended === undefined && (neverForwarded(session) || (report !== undefined && isFree(report)))) return free;
  const { usage, estimated } = meter.current();
  if (ended === "answered" && !estimated) return { verdict: "billed", usage, most: usage, estimated };
  return { verdict: "unknown", usage, most: bound && mostSoFar(attempt, bound), estimated: true };
}

/**
 * A stream has cost what came of it. Of everything else the client may have seen nothing, and the provider done it all; of a stream
 * that broke nobody read what came after.
 */
function mostSoFar({ meter, ended }: SessionAttempt, bound: TokenBound): MeteredUsage {
  const came = meter.most(bound);
  if (ended === "streaming" || ended === "answered") return came;
  const input = Math.max(came.input, bound.inputTokens);
  const output = Math.max(came.output, bound.outputTokens);
  return { input, output, total: input + output };
}

/** Whether nothing that may still be reported can change the verdicts. */
export function isJudged(session: Session): boolean {
  if (neverForwarded(session)) return true;
  return session.attempts.every(({ ended }) => ended !== undefined);
}

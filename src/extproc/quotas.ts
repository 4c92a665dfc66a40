import type { PlannedAttempt } from "../core/request-plan.ts";
import type { RouteRule } from "../core/runtime-config.ts";
import { upstreamModel } from "../core/upstream-model.ts";
import { GatewayError } from "../lib/errors.ts";
import { type AppliedQuota, matchQuotas } from "../planning/match-quotas.ts";
import type { LimitItem, LimitVerdict } from "../ratelimit/limiter.ts";
import { describeRefusal, retryAfterSeconds } from "../ratelimit/refusal.ts";
import { quoteOf } from "./quote.ts";
import type { Session, SessionAttempt } from "./session.ts";
import type { ExchangeTools } from "./tools.ts";
import { judgeAttempt } from "./verdict.ts";

/** Why a backend is left out of the plan: one of its quotas is used up. Undefined = none is. */
export type QuotaCheck = (planned: PlannedAttempt) => GatewayError | undefined;

/** What is asked for, after a budget's tier may have changed it. */
interface Asked {
  readonly model: string;
  readonly rule: RouteRule;
}

type QuotaTools = Pick<ExchangeTools, "quotas" | "metrics" | "nowMs">;

const nothingUsedUp: QuotaCheck = () => undefined;

function keyOf(backendId: string, model: string): string {
  return `${backendId} ${model}`;
}

function appliedTo(session: Session, backendId: string, upstream: string, model: string): readonly AppliedQuota[] {
  const quotas = session.config.quotas.get(backendId);
  return quotas === undefined ? [] : matchQuotas(quotas, upstream, { ...session.view, model });
}

/** The quotas of every backend that may serve, each backend and upstream model once. */
function candidates(session: Session, { model, rule }: Asked): ReadonlyMap<string, readonly AppliedQuota[]> {
  const found = new Map<string, readonly AppliedQuota[]>();
  for (const ref of rule.backends) {
    const backend = session.config.backends.get(ref.backendId);
    if (backend === undefined || backend.unusable !== undefined || ref.weight === 0) continue;
    const upstream = upstreamModel(backend, ref, model);
    const applied = appliedTo(session, backend.id, upstream, model);
    if (applied.length > 0) found.set(keyOf(backend.id, upstream), applied);
  }
  return found;
}

function refusal(backendId: string, verdict: LimitVerdict, nowMs: number): GatewayError {
  const { item, limit, unit, used, resetsAtMs, storeAway } = verdict;
  const { label, policyId } = item.rule;
  const message = describeRefusal(`the quota ${label} of backend ${backendId}`, verdict, nowMs);
  if (storeAway) return new GatewayError("store_unavailable", message, { headers: { "retry-after": "1" } });
  const resets_at = new Date(resetsAtMs).toISOString();
  return new GatewayError("quota_exceeded", message, {
    headers: { "retry-after": String(retryAfterSeconds(verdict, nowMs)) },
    members: { quota: { policy: policyId, name: label, backend: backendId, limit, unit, used, resets_at } },
  });
}

/**
 * Reads the quotas of all backends that may serve a request, in one call: call it before planning, and let the plan leave out whom
 * the check names.
 * @throws GatewayError `invalid_header` when a header that names an account is repeated
 */
export async function readQuotas(session: Session, asked: Asked, tools: QuotaTools): Promise<QuotaCheck> {
  const applied = candidates(session, asked);
  if (applied.size === 0) return nothingUsedUp;
  const { quotas, metrics, nowMs } = tools;
  const items = new Map<string, readonly LimitItem[]>();
  for (const [key, buckets] of applied)
    items.set(
      key,
      buckets.map(({ bucket, account }) => ({ rule: bucket, account, add: 0, charge: false })),
    );
  const verdicts = await quotas.check([...items.values()].flat());
  for (const { item, overLimit } of verdicts)
    if (overLimit && item.rule.shadowMode) metrics.increment("shadow_refusals_total", { rule: item.rule.id });
  for (const id of new Set(verdicts.filter(({ refused }) => refused).map(({ item }) => item.rule.id)))
    metrics.increment("quota_refusals_total", { quota: id });
  const now = nowMs();
  return ({ backend, model }) => {
    const own = items.get(keyOf(backend.id, model)) ?? [];
    // the one that resets last: coming back earlier would be in vain
    const [refused] = verdicts
      .filter((verdict) => verdict.refused && own.includes(verdict.item))
      .sort((a, b) => b.resetsAtMs - a.resetsAtMs);
    return refused && refusal(backend.id, refused, now);
  };
}

/** Nobody is counted by a header that was sent twice; such a request comes here only with a backend that was never in its plan. */
function countedAt(session: Session, { backend, model }: PlannedAttempt, requested: string): readonly AppliedQuota[] {
  try {
    return appliedTo(session, backend.id, model, requested);
  } catch (thrown) {
    if (GatewayError.from(thrown).code === "invalid_header") return [];
    throw thrown;
  }
}

/** What an attempt fills the buckets of its own backend with: an estimate where the provider told nothing (limits.md L6). */
function chargesOf(session: Session, attempt: SessionAttempt, tools: QuotaTools): readonly LimitItem[] {
  const { plan } = session;
  const { usage } = judgeAttempt(session, attempt);
  if (plan === undefined || usage === undefined) return [];
  const { planned } = attempt;
  const { backend } = planned;
  return countedAt(session, planned, plan.model).flatMap(({ quota, bucket, account }) => {
    const { value, failed } = quota.cost.evaluate({
      model: plan.model,
      backend: backend.id,
      routeName: plan.rule.routeId,
      usage,
      quote: () => quoteOf(session, planned),
    });
    if (failed !== undefined) tools.metrics.increment("cost_failed_total", { key: quota.policyId });
    return value === 0 ? [] : [{ rule: bucket, account, add: value, charge: true }];
  });
}

const charged = new WeakSet<Session>();

/**
 * Charges what the request used to the quotas of the backends that it was sent to: every attempt to those of its own. Call it when
 * it is known what became of the attempts; later calls do nothing.
 */
export function chargeQuotas(session: Session, tools: QuotaTools): void {
  if (session.config.quotas.size === 0 || charged.has(session)) return;
  charged.add(session);
  const items = session.attempts.flatMap((attempt) => chargesOf(session, attempt, tools));
  if (items.length > 0) tools.quotas.charge(items);
}

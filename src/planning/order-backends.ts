import type { DroppedBackend, PlannedAttempt } from "../core/request-plan.ts";
import type { BackendRef, RouteRule, RuntimeConfig } from "../core/runtime-config.ts";
import { upstreamModel } from "../core/upstream-model.ts";

/** One of the references by weight; `random` is in [0, 1). */
function pick(refs: readonly BackendRef[], random: number): number {
  const total = refs.reduce((sum, ref) => sum + ref.weight, 0);
  let mark = random * total;
  for (const [index, ref] of refs.entries()) {
    mark -= ref.weight;
    if (mark < 0) return index;
  }
  return refs.length - 1;
}

/**
 * The attempts of a request in order: priorities ascending, within a priority a weighted choice without repetition until its
 * backends are used up, `attemptsPerPriority` attempts each. Backends that cannot be used are dropped with the reason.
 * `cannotServe` tells why a backend cannot serve this very request.
 */
export function orderBackends(
  config: RuntimeConfig,
  rule: RouteRule,
  model: string,
  random: () => number,
  cannotServe: (attempt: PlannedAttempt) => string | undefined,
): { readonly attempts: readonly PlannedAttempt[]; readonly dropped: readonly DroppedBackend[] } {
  const attempts: PlannedAttempt[] = [];
  const dropped: DroppedBackend[] = [];
  const priorities = [...new Set(rule.backends.map((ref) => ref.priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    const usable = new Map<BackendRef, PlannedAttempt>();
    for (const ref of rule.backends) {
      if (ref.priority !== priority || ref.weight === 0) continue;
      const backend = config.backends.get(ref.backendId);
      const attempt = backend && { backend, ref, model: upstreamModel(backend, ref, model) };
      const reason =
        attempt === undefined
          ? `backend ${ref.backendId} was not found`
          : (attempt.backend.unusable ?? cannotServe(attempt));
      if (attempt !== undefined && reason === undefined) usable.set(ref, attempt);
      else dropped.push({ backendId: ref.backendId, reason: reason ?? "unknown" });
    }
    if (usable.size === 0) continue;
    let waiting = [...usable.keys()];
    for (let count = 0; count < rule.retry.attemptsPerPriority; count++) {
      if (waiting.length === 0) waiting = [...usable.keys()];
      const [ref] = waiting.splice(pick(waiting, random()), 1);
      const attempt = ref && usable.get(ref);
      if (attempt !== undefined) attempts.push(attempt);
    }
  }
  const most = rule.retry.maxRetries === undefined ? attempts.length : rule.retry.maxRetries + 1;
  return { attempts: attempts.slice(0, most), dropped };
}

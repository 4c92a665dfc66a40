import type { RequestPlan } from "../core/request-plan.ts";
import { estimateInputTokens } from "../metering/estimate.ts";
import { type TokenBound, UsageMeter } from "../metering/usage-meter.ts";
import { finishAttempt, type PreparedAttempt, requireSendable } from "./attempt.ts";
import { currentCosts } from "./costs.ts";
import { chargeMetadata, limitMetadata } from "./limit-slots.ts";
import type { ProcessingResponse } from "./messages.ts";
import type { Session, SessionAttempt } from "./session.ts";
import type { ExchangeTools } from "./tools.ts";
import { headerMutation, type MetadataValue, toStruct } from "./wire.ts";

/** Begins an attempt: its translator and meter become the session's current ones. `bound`: the most that it can use, if anybody asked. */
export function beginAttempt(
  session: Session,
  prepared: PreparedAttempt,
  bound: TokenBound | undefined,
  tools: ExchangeTools,
): SessionAttempt {
  const attempt: SessionAttempt = {
    planned: prepared.planned,
    bound,
    ended: undefined,
    meter: new UsageMeter({
      estimatedInputTokens: estimateInputTokens(session.request?.raw ?? new Uint8Array(0)),
      onIgnored: () => tools.metrics.increment("usage_ignored_total", { backend: prepared.planned.backend.id }),
    }),
    warnings: prepared.upstream.warnings,
    translator: prepared.translator,
  };
  session.attempts.push(attempt);
  return attempt;
}

/** The ordered list of backends, as Envoy's priority-group cluster specifier reads it. */
function priorityGroups(plan: RequestPlan, clusterOf: (backendId: string) => string): MetadataValue {
  return plan.attempts.map((attempt, index) => ({
    name: `p${index}`,
    clusters: [{ cluster_name: clusterOf(attempt.backend.id), weight: 1 }],
  }));
}

/** The router's answer to the request's body: the request as the first backend wants it, and all that was decided. */
export async function forwardRequest(
  session: Session,
  plan: RequestPlan,
  prepared: PreparedAttempt,
  bound: TokenBound | undefined,
  tools: ExchangeTools,
): Promise<ProcessingResponse> {
  const { request } = prepared;
  const outgoing = await finishAttempt(prepared, session.view.headers, tools);
  requireSendable(outgoing.body ?? request.raw, session.config.settings.listener.bufferLimitBytes);
  const attempt = beginAttempt(session, prepared, bound, tools);
  const { backend } = prepared.planned;
  for (const name of Object.keys(outgoing.headers.set)) session.headersSet.add(name);
  session.costs = currentCosts(session, attempt, undefined, tools);
  session.told(attempt.meter.current().usage.total);
  const bodyChanged =
    outgoing.body !== undefined || request.raw.length !== Number(session.view.headers.get("content-length") ?? -1);
  return {
    request_body: {
      response: {
        header_mutation: headerMutation({
          set: {
            ...outgoing.headers.set,
            "x-ai-eg-model": plan.model,
            "x-tollgate-session": session.id,
            "x-tollgate-route": plan.rule.id,
            "x-tollgate-backend": backend.id,
            ...(request.stream ? { "x-tollgate-stream": "1" } : {}),
            // the last group of the list repeats, so the number of retries ends the request
            "x-envoy-max-retries": String(plan.attempts.length - 1),
          },
          remove: outgoing.headers.remove,
        }),
        ...(bodyChanged ? { body_mutation: { body: outgoing.body ?? request.raw } } : {}),
        clear_route_cache: true,
      },
    },
    dynamic_metadata: toStruct({
      "io.envoy.ai_gateway": {
        ...session.costs,
        route_name: plan.rule.routeId,
        ai_service_backend_name: backend.id,
        backend_name: backend.id,
        model_name_override: prepared.planned.model,
        usage_estimated: true,
        content_length: (outgoing.body ?? request.raw).length,
      },
      "tollgate.route": { priority_groups: priorityGroups(plan, (id) => tools.clusterName(session.config, id)) },
      "tollgate.limits": limitMetadata(plan.limits, session.costs),
      "tollgate.charges": chargeMetadata(plan.limits, session.costs, false),
    }),
  };
}

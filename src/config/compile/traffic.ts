import type { CostRule, LimitRule, RetryPolicy } from "../../core/runtime-config.ts";
import { defaultRetry } from "../data/default-retry.ts";
import { aiGatewayRoute } from "../dialects/ai-gateway/ai-gateway-route.ts";
import { backendTrafficPolicy } from "../dialects/gateway-api/backend-traffic-policy.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";
import { warnAboutEscapes } from "./escapes.ts";
import { compileLimits } from "./limits.ts";
import { attachPolicies, type Policy } from "./policies.ts";
import { compileRetry } from "./retry.ts";

type Route = ResourceOf<typeof aiGatewayRoute>;

/** What the BackendTrafficPolicies say about one rule. */
export interface RuleTraffic {
  readonly limits: readonly LimitRule[];
  readonly retry: RetryPolicy;
  readonly requestTimeoutMs: number | undefined;
  readonly perTryTimeoutMs: number | undefined;
}

export interface CompiledTraffic {
  /** Every limit of an attached policy by id, with the policy and the index of its rule. */
  readonly limits: ReadonlyMap<string, { readonly limit: LimitRule; readonly policy: Policy; readonly index: number }>;
  of(route: Route, ruleName: string | undefined): RuleTraffic;
}

/** Compiles every policy once. All limits of a rule apply; of retries and time-outs the route's, then the Gateway's, then the oldest. */
export function compileTraffic(
  context: CompileContext,
  costsOf: (route: Route) => readonly CostRule[],
): CompiledTraffic {
  const attachments = attachPolicies(context);
  const attached = new Set(attachments.map(({ policy }) => policy));
  for (const policy of attached) warnAboutEscapes(context, policy);
  // those that limit nothing are compiled too, so that their mistakes are told
  const routes = context.resources.all(aiGatewayRoute);
  const typesOf = (policy: Policy, key: string): readonly string[] => {
    const covering = attachments.filter((attachment) => attachment.policy === policy);
    return routes
      .filter((route) => route.body.spec.rules.some(({ name }) => covering.some((one) => one.covers(route, name))))
      .flatMap((route) => costsOf(route).filter(({ metadataKey }) => metadataKey === key))
      .map(({ type }) => type);
  };
  const limitsOf = new Map(
    context.resources
      .all(backendTrafficPolicy)
      .map((policy) => [policy, compileLimits(context, policy, (key) => typesOf(policy, key))]),
  );
  const defaults = compileRetry(context.configured.defaults?.retry, defaultRetry);
  const told = new Set<Policy>();

  const choose = (covering: readonly Policy[][], member: "retry" | "timeout"): Policy | undefined => {
    const speaking =
      covering
        .map((policies) => policies.filter(({ body }) => body.spec[member] !== undefined))
        .find(({ length }) => length > 0) ?? [];
    const [chosen, ...others] = speaking;
    for (const other of others) {
      if (told.has(other)) continue;
      told.add(other);
      context.report.warning(
        other,
        ["spec", member],
        `BackendTrafficPolicy ${chosen?.id} is older and has ${member} for the same target; that one is used`,
      );
    }
    return chosen;
  };

  return {
    limits: new Map(
      [...attached].flatMap((policy) =>
        (limitsOf.get(policy) ?? []).map((limit, index) => [limit.id, { limit, policy, index }]),
      ),
    ),
    of(route, ruleName) {
      const covering = (["Route", "Gateway"] as const).map((level) => [
        ...new Set(
          attachments.filter((one) => one.level === level && one.covers(route, ruleName)).map(({ policy }) => policy),
        ),
      ]);
      const retry = choose(covering, "retry")?.body.spec.retry;
      const timeout = choose(covering, "timeout")?.body.spec.timeout;
      return {
        limits: [...new Set(covering.flat())].flatMap((policy) => limitsOf.get(policy) ?? []),
        retry: compileRetry(retry, defaults),
        requestTimeoutMs: timeout?.http?.requestTimeout,
        perTryTimeoutMs: retry?.perRetry?.timeout,
      };
    },
  };
}

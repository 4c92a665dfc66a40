import type { CostRule, LimitRule, Quota } from "../../core/runtime-config.ts";
import { contentHash } from "../content-hash.ts";
import type { Path } from "../diagnostics.ts";
import { aiServiceBackend } from "../dialects/ai-gateway/ai-service-backend.ts";
import { type BucketRule, type QuotaValue, quotaPolicy } from "../dialects/ai-gateway/quota-policy.ts";
import { aiGatewayGroup } from "../dialects/common/groups.ts";
import { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { resolveReference } from "../references.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";
import { compileSelectors } from "./limit-selectors.ts";
import { failureModeOf, timeZoneOf } from "./limits.ts";

type Policy = ResourceOf<typeof quotaPolicy>;

const targetKinds: readonly KindDefinition<unknown>[] = [aiServiceBackend, aiBackend];
const totalTokens = "total_tokens";

/** What is counted; undefined = the expression cannot be used, which is told. */
function costOf(context: CompileContext, policy: Policy, path: Path, expression = totalTokens): CostRule | undefined {
  const rule = context.compileCost({ metadataKey: policy.id, type: "CEL", cel: expression });
  if (!("error" in rule)) return rule;
  context.report.error(policy, [...path, "costExpression"], rule.error);
  return undefined;
}

/** The ids of the backends that a policy is for. A target that does not exist limits nothing: a warning. */
function targetsOf({ resources, report }: CompileContext, policy: Policy): readonly string[] {
  const ids = policy.body.spec.targetRefs.flatMap((target, index) => {
    const path = ["spec", "targetRefs", index];
    const kinds = targetKinds.filter(({ kind }) => kind === target.kind);
    if (target.group !== aiGatewayGroup || kinds.length === 0) {
      const message = `only an AIServiceBackend or AIBackend of ${aiGatewayGroup} can be a target`;
      report.error(policy, [...path, "kind"], message);
      return [];
    }
    const resolved = resolveReference(kinds, target, policy, [...path, "name"], resources, report);
    if (resolved.state === "missing")
      report.strictWarning(
        policy,
        [...path, "name"],
        `${resolved.reason}, so this policy limits nothing there; add it`,
      );
    return resolved.state === "found" ? [resolved.resource.id] : [];
  });
  return [...new Set(ids)];
}

/** A quota of a policy, before it is known for which backend it counts. */
interface WrittenQuota {
  readonly model: string | undefined;
  readonly expression: string;
  readonly cost: CostRule;
  readonly buckets: readonly (BucketRule & { readonly label: string })[];
}

function bucketRules(
  label: string,
  rules: readonly BucketRule[],
  rest: QuotaValue | undefined,
): WrittenQuota["buckets"] {
  const numbered = rules.map((rule, index) => ({ ...rule, label: `${label} rule ${index + 1}` }));
  return rest === undefined ? numbered : [...numbered, { quota: rest, label }];
}

/** Without a default bucket a client that leaves its header out is not counted; told once per model. */
function warnAboutEscape(context: CompileContext, policy: Policy, path: Path, rules: readonly BucketRule[]): void {
  const headers = rules.flatMap(({ clientSelectors = [] }) => clientSelectors.flatMap((one) => one.headers ?? []));
  const distinct = headers.find(({ type }) => type === "Distinct");
  if (distinct === undefined) return;
  const message = `a request without the header ${distinct.name} is not counted by this; add a defaultBucket`;
  context.report.warning(policy, [...path, "bucketRules"], message);
}

function writtenQuotas(context: CompileContext, policy: Policy): readonly WrittenQuota[] {
  const { serviceQuota, perModelQuotas = [] } = policy.body.spec;
  const quotas: WrittenQuota[] = [];
  const add = (
    path: Path,
    model: string | undefined,
    written: string | undefined,
    buckets: WrittenQuota["buckets"],
  ) => {
    const cost = costOf(context, policy, path, written);
    if (cost !== undefined) quotas.push({ model, expression: written ?? totalTokens, cost, buckets });
  };
  if (serviceQuota !== undefined) {
    const { costExpression, quota } = serviceQuota;
    add(["spec", "serviceQuota"], undefined, costExpression, [{ quota, label: `${policy.name} service quota` }]);
  }
  const seen = new Map<string, number>();
  for (const [index, { modelName, quota }] of perModelQuotas.entries()) {
    const path = ["spec", "perModelQuotas", index];
    const earlier = seen.get(modelName);
    if (earlier === undefined) seen.set(modelName, index);
    else {
      const message = `perModelQuotas[${earlier}] is for ${JSON.stringify(modelName)} already; keep one of them`;
      context.report.error(policy, [...path, "modelName"], message);
    }
    const { costExpression, defaultBucket, bucketRules: rules = [] } = quota;
    if (defaultBucket === undefined) warnAboutEscape(context, policy, [...path, "quota"], rules);
    const label = `${policy.name} quota of ${modelName}`;
    add([...path, "quota"], modelName, costExpression, bucketRules(label, rules, defaultBucket));
  }
  return quotas;
}

/**
 * The quotas of each backend by its id (resources.md §3). Every backend has counters of its own. As with rate limits, an id does
 * not hold the limit's number, so that an edited quota keeps what was used.
 */
export function compileQuotas(context: CompileContext): ReadonlyMap<string, readonly Quota[]> {
  const quotas = new Map<string, Quota[]>();
  for (const policy of context.resources.all(quotaPolicy)) {
    const timeZone = timeZoneOf(context, policy);
    const failureMode = failureModeOf(context, policy);
    const written = writtenQuotas(context, policy);
    for (const backendId of targetsOf(context, policy)) {
      const compiled = written.map(({ model, expression, cost, buckets }): Quota => {
        const toLimit = (bucket: (typeof buckets)[number]): LimitRule => {
          const selectors = compileSelectors(bucket);
          const { limit, duration: unit } = bucket.quota;
          return {
            id: `${policy.id}/${contentHash({ backendId, model, expression, selectors, unit })}`,
            policyId: policy.id,
            label: bucket.label,
            selectors,
            limit,
            unit,
            timeZone,
            requestCost: { from: "Number", number: 0 },
            responseCost: undefined,
            shadowMode: bucket.shadowMode ?? false,
            failureMode,
          };
        };
        return { policyId: policy.id, model, cost, buckets: buckets.map(toLimit) };
      });
      quotas.set(backendId, [...(quotas.get(backendId) ?? []), ...compiled]);
    }
  }
  return quotas;
}

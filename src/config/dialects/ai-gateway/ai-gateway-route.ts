import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { durationMs } from "../../values/duration.ts";
import { checkPattern } from "../../values/regular-expression.ts";
import { costList } from "../common/cost-list.ts";
import { aiGatewayGroup, gatewayApiGroup } from "../common/groups.ts";
import { bodyMutation, headerMutation } from "../common/header-mutation.ts";
import { resourceName } from "../common/metadata.ts";

const headerMatch = z
  .strictObject({ type: z.enum(["Exact", "RegularExpression"]).optional(), name: z.string().min(1), value: z.string() })
  .superRefine(({ type, value }, context) => {
    if (type === "RegularExpression") checkPattern(value, context);
  });

const backendRef = z
  .strictObject({
    name: resourceName,
    namespace: resourceName.optional(),
    group: z.string().optional(),
    kind: z.string().optional(),
    modelNameOverride: z.string().min(1).optional(),
    headerMutation: headerMutation.optional(),
    bodyMutation: bodyMutation.optional(),
    weight: z.int().min(0).optional(),
    priority: z.int().min(0).optional(),
  })
  .superRefine(({ group, kind }, context) => {
    if (group === undefined && kind === undefined) return;
    const [path, message] =
      group === undefined || kind === undefined
        ? [group === undefined ? "kind" : "group", "group and kind go together; give both or neither"]
        : kind === "InferencePool"
          ? ["kind", "InferencePool is not supported yet; name an AIServiceBackend or AIBackend"]
          : [
              "kind",
              "only InferencePool is named with group and kind; leave both out for an AIServiceBackend or AIBackend",
            ];
    context.addIssue({ code: "custom", path: [path], message });
  });

const rule = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(253)
    .refine((name) => name !== "route-not-found", "route-not-found is reserved; choose another name")
    .optional(),
  matches: z
    .array(z.strictObject({ headers: z.array(headerMatch).max(16).optional() }))
    .max(128)
    .optional(),
  backendRefs: z
    .array(backendRef)
    .min(1, "a rule needs at least one backend; name an AIServiceBackend or AIBackend")
    .max(128),
  timeouts: z.strictObject({ request: durationMs.optional(), backendRequest: durationMs.optional() }).optional(),
  streamIdleTimeout: durationMs.optional(),
  modelsOwnedBy: z.string().optional(),
  modelsCreatedAt: z.string().optional(),
});

const parentRef = z.strictObject({
  group: z.literal(gatewayApiGroup).optional(),
  kind: z.literal("Gateway", "only a Gateway can be a parent").optional(),
  name: resourceName,
  namespace: resourceName.optional(),
  sectionName: z.string().optional(),
  port: z.int().optional(),
});

const hostname = z
  .string()
  .regex(
    /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    "must be a host name, or *. and a host name",
  );

/** Which requests go to which backends in which order (resources.md §3; the tutorial's have neither parentRefs nor schema). */
export const aiGatewayRoute = defineKind({
  group: aiGatewayGroup,
  versions: ["v1beta1", "v1alpha1"],
  kind: "AIGatewayRoute",
  body: {
    spec: z.strictObject({
      parentRefs: z.array(parentRef).max(16).optional(),
      schema: z
        .strictObject({ name: z.string(), version: z.string().optional(), prefix: z.string().optional() })
        .optional(),
      hostnames: z.array(hostname).max(16).optional(),
      rules: z.array(rule).min(1).max(15).superRefine(uniqueNames),
      llmRequestCosts: costList.optional(),
    }),
  },
});

function uniqueNames(rules: readonly { name?: string | undefined }[], context: z.core.$RefinementCtx): void {
  for (const [index, { name }] of rules.entries()) {
    const first = rules.findIndex((other) => other.name === name);
    if (name !== undefined && first < index)
      context.addIssue({
        code: "custom",
        path: [index, "name"],
        message: `rules[${first}] has the name ${JSON.stringify(name)} already; choose another`,
      });
  }
}

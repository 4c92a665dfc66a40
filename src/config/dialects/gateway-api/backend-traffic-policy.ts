import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { durationMs } from "../../values/duration.ts";
import { envoyGatewayGroup } from "../common/groups.ts";
import { targetRef } from "../common/references.ts";
import { rateLimit } from "./rate-limit.ts";
import { retry } from "./retry.ts";

const unused = z.unknown().optional();

const timeout = z.strictObject({
  http: z
    .strictObject({
      requestTimeout: durationMs.optional(),
      connectionIdleTimeout: unused,
      maxConnectionDuration: unused,
      maxStreamDuration: unused,
      streamIdleTimeout: unused,
    })
    .optional(),
  tcp: unused,
});

/** Members that are read and not used; each is told. */
export const unusedPolicyMembers = [
  "bandwidthLimit",
  "circuitBreaker",
  "compression",
  "compressor",
  "connection",
  "dns",
  "faultInjection",
  "healthCheck",
  "http2",
  "httpUpgrade",
  "loadBalancer",
  "mergeType",
  "proxyProtocol",
  "requestBuffer",
  "responseOverride",
  "routingType",
  "tcpKeepalive",
  "telemetry",
  "useClientProtocol",
] as const;

/** Limits, retries and timeouts of routes. */
export const backendTrafficPolicy = defineKind({
  group: envoyGatewayGroup,
  versions: ["v1alpha1"],
  kind: "BackendTrafficPolicy",
  body: {
    spec: z
      .strictObject({
        targetRefs: z.array(targetRef).max(16).optional(),
        targetRef: targetRef.optional(),
        targetSelectors: z.never("targetSelectors are not supported yet; name the targets in targetRefs").optional(),
        rateLimit: rateLimit.optional(),
        retry: retry.optional(),
        timeout: timeout.optional(),
        ...(Object.fromEntries(unusedPolicyMembers.map((member) => [member, unused])) as Record<
          (typeof unusedPolicyMembers)[number],
          typeof unused
        >),
      })
      .superRefine(({ targetRef: one, targetRefs = [] }, context) => {
        if (one === undefined && targetRefs.length === 0)
          context.addIssue({
            code: "custom",
            path: ["targetRefs"],
            message: "is required: at least one route or Gateway",
          });
      }),
  },
});

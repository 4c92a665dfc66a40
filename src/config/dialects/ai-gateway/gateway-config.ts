import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { costList } from "../common/cost-list.ts";
import { aiGatewayGroup } from "../common/groups.ts";

/** Settings of the Gateways whose annotation names it. */
export const gatewayConfig = defineKind({
  group: aiGatewayGroup,
  versions: ["v1beta1", "v1alpha1"],
  kind: "GatewayConfig",
  body: {
    spec: z.strictObject({
      globalLLMRequestCosts: costList.optional(),
      forwardProxy: z.unknown().optional(),
      extProc: z.unknown().optional(),
    }),
  },
});

/** The Gateway's annotation that names its GatewayConfig. */
export const gatewayConfigAnnotation = "aigateway.envoyproxy.io/gateway-config";

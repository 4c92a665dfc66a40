import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { gatewayApiGroup } from "../common/groups.ts";

/** What routes and policies may be attached to. Its listeners are Envoy Gateway's; ours is in TollgateConfig. */
export const gateway = defineKind({
  group: gatewayApiGroup,
  versions: ["v1", "v1beta1"],
  kind: "Gateway",
  body: { spec: z.record(z.string(), z.unknown()) },
});

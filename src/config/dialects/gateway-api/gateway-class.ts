import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { gatewayApiGroup } from "../common/groups.ts";

/** Who implements a Gateway; always us here. */
export const gatewayClass = defineKind({
  group: gatewayApiGroup,
  versions: ["v1", "v1beta1"],
  kind: "GatewayClass",
  namespaced: false,
  body: { spec: z.record(z.string(), z.unknown()) },
});

import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { gatewayApiGroup } from "../common/groups.ts";

/** A route that is not for models. It is known by name only. */
export const httpRoute = defineKind({
  group: gatewayApiGroup,
  versions: ["v1", "v1beta1"],
  kind: "HTTPRoute",
  body: { spec: z.record(z.string(), z.unknown()) },
});

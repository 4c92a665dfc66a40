import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { gatewayApiGroup } from "../common/groups.ts";

/** Lets resources of other namespaces refer to those of its own. */
export const referenceGrant = defineKind({
  group: gatewayApiGroup,
  versions: ["v1", "v1beta1"],
  kind: "ReferenceGrant",
  body: {
    spec: z.strictObject({
      from: z.array(z.strictObject({ group: z.string(), kind: z.string(), namespace: z.string() })).min(1),
      to: z.array(z.strictObject({ group: z.string(), kind: z.string(), name: z.string().optional() })).min(1),
    }),
  },
});

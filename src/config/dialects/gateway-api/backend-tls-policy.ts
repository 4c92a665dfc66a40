import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { gatewayApiGroup } from "../common/groups.ts";
import { targetRef } from "../common/references.ts";
import { trust } from "./backend.ts";

/** TLS towards Backends. */
export const backendTlsPolicy = defineKind({
  group: gatewayApiGroup,
  versions: ["v1", "v1alpha3"],
  kind: "BackendTLSPolicy",
  body: {
    spec: z.strictObject({
      targetRefs: z.array(targetRef).min(1).max(16),
      validation: z.strictObject({ hostname: z.string().min(1), ...trust }),
      options: z.unknown().optional(),
    }),
  },
});

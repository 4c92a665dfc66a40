import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { coreGroup } from "../common/groups.ts";

export const configMap = defineKind({
  group: coreGroup,
  versions: ["v1"],
  kind: "ConfigMap",
  body: {
    immutable: z.boolean().optional(),
    data: z.record(z.string(), z.string()).nullish(),
    binaryData: z.record(z.string(), z.string()).nullish(),
  },
});

import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { coreGroup } from "../common/groups.ts";

export const namespace = defineKind({
  group: coreGroup,
  versions: ["v1"],
  kind: "Namespace",
  namespaced: false,
  body: { spec: z.unknown().optional() },
});

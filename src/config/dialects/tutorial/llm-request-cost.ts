import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { costList } from "../common/cost-list.ts";
import { aiGatewayGroup } from "../common/groups.ts";

/** What is recorded of every request of a namespace's routes. */
export const llmRequestCost = defineKind({
  group: aiGatewayGroup,
  versions: ["v1beta1", "v1alpha1"],
  kind: "LLMRequestCost",
  body: { spec: z.strictObject({ llmRequestCosts: costList }) },
});

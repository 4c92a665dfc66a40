import { z } from "zod";
import type { SchemaName } from "../../../core/provider.ts";
import { defineKind } from "../../kind-definition.ts";
import { suggestion } from "../../nearest.ts";
import { aiGatewayGroup, envoyGatewayGroup } from "../common/groups.ts";
import { bodyMutation, headerMutation } from "../common/header-mutation.ts";
import { resourceName } from "../common/metadata.ts";

const served: readonly SchemaName[] = ["OpenAI", "AzureOpenAI", "Anthropic", "AWSBedrock"];
const unserved: readonly string[] = ["Cohere", "GCPVertexAI", "GCPAnthropic", "AWSAnthropic"];

const schemaName = z.string().transform((name, context): SchemaName => {
  const found = served.find((known) => known === name);
  if (found !== undefined) return found;
  const supported = `supported: ${served.join(", ")}`;
  const message = unserved.includes(name)
    ? `provider schema ${name} is not supported yet; ${supported}`
    : `unknown provider schema ${JSON.stringify(name)}${suggestion(name, served)}; ${supported}`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** What a Backend speaks. */
export const aiServiceBackend = defineKind({
  group: aiGatewayGroup,
  versions: ["v1beta1", "v1alpha1"],
  kind: "AIServiceBackend",
  body: {
    spec: z.strictObject({
      schema: z.strictObject({ name: schemaName, version: z.string().optional(), prefix: z.string().optional() }),
      backendRef: z.strictObject({
        name: resourceName,
        namespace: resourceName.optional(),
        kind: z.literal("Backend", `only a Backend of ${envoyGatewayGroup} can be named here`),
        group: z.literal(envoyGatewayGroup, `must be ${envoyGatewayGroup}`),
      }),
      headerMutation: headerMutation.optional(),
      bodyMutation: bodyMutation.optional(),
    }),
  },
});

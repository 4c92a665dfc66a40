import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { aiGatewayGroup } from "../common/groups.ts";
import { secretRef, targetRef } from "../common/references.ts";

/** Which member goes with which type. */
const memberOfType = {
  APIKey: "apiKey",
  AnthropicAPIKey: "anthropicAPIKey",
  AWSCredentials: "awsCredentials",
  AzureAPIKey: "azureAPIKey",
  AzureCredentials: "azureCredentials",
  GCPCredentials: "gcpCredentials",
} as const;

type Type = keyof typeof memberOfType;
const types = Object.keys(memberOfType) as [Type, ...Type[]];
const servedTypes: readonly Type[] = ["APIKey", "AnthropicAPIKey", "AzureAPIKey", "AWSCredentials"];

const key = z.strictObject({ secretRef }).optional();
const awsCredentials = z.strictObject({
  region: z.string().min(1),
  credentialsFile: z.strictObject({ secretRef, profile: z.string().min(1).optional() }).optional(),
  oidcExchangeToken: z.unknown().optional(),
});

const spec = z
  .strictObject({
    targetRefs: z.array(targetRef).max(16).optional(),
    type: z.enum(types),
    apiKey: key,
    anthropicAPIKey: key,
    awsCredentials: awsCredentials.optional(),
    azureAPIKey: key,
    azureCredentials: z.unknown().optional(),
    gcpCredentials: z.unknown().optional(),
    credentialOverride: z.unknown().optional(),
  })
  .superRefine((policy, context) => {
    const problem = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
    const { type } = policy;
    if (!servedTypes.includes(type)) {
      problem(["type"], `type ${type} is not supported yet; supported: ${servedTypes.join(", ")}`);
      return;
    }
    for (const [other, member] of Object.entries(memberOfType)) {
      if (other === type && policy[member] === undefined) problem([], `${member} is required when type is ${type}`);
      if (other !== type && policy[member] !== undefined)
        problem([member], `does not go with type ${type}; remove it or change the type`);
    }
    if (policy.credentialOverride !== undefined) problem(["credentialOverride"], "is not supported yet; remove it");
    if (policy.awsCredentials?.oidcExchangeToken !== undefined) {
      problem(["awsCredentials", "oidcExchangeToken"], "is not supported yet; use credentialsFile");
    }
  });

/** The credentials of AIServiceBackends. */
export const backendSecurityPolicy = defineKind({
  group: aiGatewayGroup,
  versions: ["v1beta1", "v1alpha1"],
  kind: "BackendSecurityPolicy",
  body: { spec },
});

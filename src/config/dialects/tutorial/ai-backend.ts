import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { endpointUrl } from "../../values/endpoint-url.ts";
import { aiGatewayGroup } from "../common/groups.ts";
import { servedProvider } from "../common/provider.ts";
import { secretKeyRef } from "../common/references.ts";

const modelName = z.string().min(1);

/** A provider by name, with the key to use (resources.md §2). */
export const aiBackend = defineKind({
  group: aiGatewayGroup,
  versions: ["v1beta1", "v1alpha1"],
  kind: "AIBackend",
  body: {
    spec: z.strictObject({
      provider: servedProvider,
      auth: z.strictObject({ apiKeySecretRef: secretKeyRef }).optional(),
      endpoint: endpointUrl.optional(),
      model: modelName.optional(),
      models: z.record(z.string().min(1), modelName).optional(),
      region: z.string().min(1).optional(),
      version: z.string().min(1).optional(),
    }),
  },
});

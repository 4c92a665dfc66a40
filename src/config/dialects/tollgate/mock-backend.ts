import { z } from "zod";
import { defineKind } from "../../kind-definition.ts";
import { hostPort } from "../../values/host-port.ts";
import { tollgateGroup } from "../common/groups.ts";

/**
 * A stand-in for the AIBackend or AIServiceBackend of the same name and namespace: requests go to it over plain HTTP instead of to
 * the provider. Without `address` the gateway starts one itself.
 */
export const mockBackend = defineKind({
  group: tollgateGroup,
  versions: ["v1alpha1"],
  kind: "MockBackend",
  body: {
    spec: z.strictObject({
      provider: z.enum(["OpenAI", "AzureOpenAI", "Anthropic", "AWSBedrock"]),
      /** 0 = a free one. */
      port: z.int().min(0).max(65535).optional(),
      /** Somebody else runs it there. */
      address: hostPort.optional(),
      /** The key that it asks for; absent = any. */
      apiKey: z.string().min(1).optional(),
    }),
  },
});

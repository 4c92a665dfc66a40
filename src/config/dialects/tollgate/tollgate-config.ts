import { z } from "zod";
import { parseStoreUrl, storeUrlForms } from "../../../lib/store-url.ts";
import { defineKind } from "../../kind-definition.ts";
import { byteSize } from "../../values/byte-size.ts";
import { durationMs } from "../../values/duration.ts";
import { tollgateGroup } from "../common/groups.ts";
import { secretKeyRef } from "../common/references.ts";
import { retry } from "../gateway-api/retry.ts";

const port = z.int().min(0).max(65535);
const prefix = z.string().regex(/^(\/[\w.~-]+)*$/, "must be empty or begin with / and not end with it");
const unused = z.unknown().optional();

/** Leaving it out silently would be less safe than what was asked for. */
const refused = z.never("is not supported yet; remove it").optional();

const spec = z.strictObject({
  listener: z
    .strictObject({
      address: z.string().min(1).optional(),
      port: port.optional(),
      xffTrustedHops: z.int().min(0).optional(),
      bufferLimit: byteSize.optional(),
      requestReadTimeout: durationMs.optional(),
      http2: unused,
      tls: refused,
    })
    .optional(),
  admin: z
    .strictObject({
      address: z.string().min(1).optional(),
      port: port.optional(),
      tokenSecretRef: secretKeyRef.optional(),
    })
    .optional(),
  envoy: z
    .strictObject({
      concurrency: z.int().min(1).optional(),
      adminPort: port.optional(),
      extraArgs: z.array(z.string()).optional(),
    })
    .optional(),
  modelSelection: z.enum(["HeaderFirst", "BodyFirst"]).optional(),
  endpoints: z
    .strictObject({
      openaiPrefix: prefix.optional(),
      anthropicPrefix: prefix.optional(),
      coherePrefix: prefix.optional(),
    })
    .optional(),
  identity: z
    .strictObject({
      trustedHeaders: z.array(z.string().min(1)).optional(),
      requireIdentity: z.boolean().optional(),
      jwt: refused,
      apiKeys: refused,
    })
    .optional(),
  responseHeaders: z.boolean().optional(),
  defaults: z
    .strictObject({
      model: z.string().min(1).optional(),
      maxTokensAnthropic: z.int().min(1).optional(),
      fallbackModels: z
        .strictObject({
          OpenAI: z.string().optional(),
          Anthropic: z.string().optional(),
          AWSBedrock: z.string().optional(),
        })
        .optional(),
      retry: retry.optional(),
      requestTimeout: durationMs.optional(),
      streamIdleTimeout: durationMs.optional(),
    })
    .optional(),
  store: z
    .strictObject({
      url: z
        .string()
        .refine((url) => parseStoreUrl(url) !== undefined, `must be ${storeUrlForms}`)
        .optional(),
      timeoutMs: z.int().min(1).optional(),
      failureMode: z.enum(["local", "allow", "deny"]).optional(),
    })
    .optional(),
  log: z
    .strictObject({
      level: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).optional(),
      format: z.enum(["json", "pretty"]).optional(),
      redact: unused,
    })
    .optional(),
  tracing: unused,
});

export type TollgateSettings = z.output<typeof spec>;

/** The gateway's own settings (resources.md §5). */
export const tollgateConfig = defineKind({
  group: tollgateGroup,
  versions: ["v1alpha1"],
  kind: "TollgateConfig",
  body: { spec },
});

import { Secret } from "../../core/auth.ts";
import { schemas } from "../data/schemas.ts";
import type { Path } from "../diagnostics.ts";
import type { backendSecurityPolicy } from "../dialects/ai-gateway/backend-security-policy.ts";
import type { aiBackend } from "../dialects/tutorial/ai-backend.ts";
import type { ResourceOf } from "../resource.ts";
import { awsFromEnvironment, awsFromSecret } from "./aws-auth.ts";
import type { CompiledAuth } from "./compiled-auth.ts";
import type { CompileContext } from "./context.ts";
import { readSecret, readSecretKey, type SecretReference } from "./secrets.ts";

const none: CompiledAuth = { auth: { type: "None" }, unusable: undefined };

function keyAuth(
  context: CompileContext,
  type: "APIKey" | "AnthropicAPIKey" | "AzureAPIKey",
  reference: SecretReference,
  key: string,
): CompiledAuth {
  const found = readSecret(context, reference);
  const value = "missing" in found ? found : readSecretKey(context, reference, found, key);
  if (typeof value !== "string") return { auth: { type: "None" }, unusable: value.missing };
  return { auth: { type, key: new Secret(value) }, unusable: undefined };
}

/** The region of a Bedrock backend: part of the signature and of the host's name. */
export function regionOf(context: CompileContext, backend: ResourceOf<typeof aiBackend>): string {
  const region = backend.body.spec.region ?? context.env["AWS_REGION"] ?? context.env["AWS_DEFAULT_REGION"];
  if (region !== undefined) return region;
  context.report.error(
    backend,
    ["spec", "region"],
    "is required for AWSBedrock: a region such as us-east-1 (or set AWS_REGION)",
  );
  return "us-east-1";
}

/** The credentials of an AIBackend: a key, or for Bedrock the AWS keys of its Secret or of the environment (resources.md §2). */
export function aiBackendAuth(
  context: CompileContext,
  backend: ResourceOf<typeof aiBackend>,
  region: string,
): CompiledAuth {
  const { provider, auth, endpoint } = backend.body.spec;
  const path: Path = ["spec", "auth", "apiKeySecretRef"];
  const reference = auth && { from: backend, path, ...auth.apiKeySecretRef };
  const { auth: type } = schemas[provider.schema];
  if (type === "AWSCredentials") {
    if (reference === undefined) return awsFromEnvironment(context, backend, ["spec", "provider"], region);
    return awsFromSecret(context, reference, { key: reference.key ?? "credentials", profile: "default", region });
  }
  if (reference !== undefined) return keyAuth(context, type, reference, reference.key ?? "api-key");
  if (provider.needsKey && endpoint === undefined) {
    context.report.warning(
      backend,
      ["spec"],
      `${provider.name} asks for a key; name its Secret in spec.auth.apiKeySecretRef`,
    );
  }
  return none;
}

/** The credentials of a BackendSecurityPolicy (resources.md §3). */
export function policyAuth(context: CompileContext, policy: ResourceOf<typeof backendSecurityPolicy>): CompiledAuth {
  const { apiKey, anthropicAPIKey, azureAPIKey, awsCredentials } = policy.body.spec;
  const at = (...path: string[]) => ({ from: policy, path: ["spec", ...path, "secretRef"] });
  if (apiKey !== undefined) return keyAuth(context, "APIKey", { ...at("apiKey"), ...apiKey.secretRef }, "apiKey");
  if (anthropicAPIKey !== undefined) {
    return keyAuth(context, "AnthropicAPIKey", { ...at("anthropicAPIKey"), ...anthropicAPIKey.secretRef }, "apiKey");
  }
  if (azureAPIKey !== undefined)
    return keyAuth(context, "AzureAPIKey", { ...at("azureAPIKey"), ...azureAPIKey.secretRef }, "apiKey");
  if (awsCredentials === undefined) return none;
  const { region, credentialsFile } = awsCredentials;
  if (credentialsFile === undefined) return awsFromEnvironment(context, policy, ["spec", "awsCredentials"], region);
  const reference = { ...at("awsCredentials", "credentialsFile"), ...credentialsFile.secretRef };
  return awsFromSecret(context, reference, {
    key: "credentials",
    profile: credentialsFile.profile ?? "default",
    region,
  });
}

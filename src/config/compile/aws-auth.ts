import type { Path } from "../diagnostics.ts";
import type { Resource } from "../resource.ts";
import { type AwsCredentials, fromCredentialsFile, fromEnvironment, fromSecretKeys } from "./aws-credentials.ts";
import type { CompiledAuth } from "./compiled-auth.ts";
import type { CompileContext } from "./context.ts";
import { readSecret, readSecretKey, type SecretReference } from "./secrets.ts";

const signed = (region: string, keys: AwsCredentials): CompiledAuth => ({
  auth: { type: "AWSCredentials", region, ...keys },
  unusable: undefined,
});
const unusable = (reason: string): CompiledAuth => ({ auth: { type: "None" }, unusable: reason });

/** Of a Secret with the keys `access-key-id` and `secret-access-key`, else with an AWS credentials file under `file.key`. */
export function awsFromSecret(
  context: CompileContext,
  reference: SecretReference,
  file: { readonly key: string; readonly profile: string; readonly region: string },
): CompiledAuth {
  const found = readSecret(context, reference);
  if ("missing" in found) return unusable(found.missing);
  const apart = fromSecretKeys(found.values);
  if (apart !== undefined) return signed(file.region, apart);
  // a key that was written and whose environment variable is not set is what is missing, whichever form was meant
  const key = ["access-key-id", "secret-access-key"].find((name) => found.unset.has(name)) ?? file.key;
  if (!found.unset.has(key) && !found.values.has(key)) {
    const reason = `Secret ${found.id} has neither the keys access-key-id and secret-access-key nor ${key}`;
    context.report.unresolved(reference.from, reference.path, reason);
    return unusable(reason);
  }
  const text = readSecretKey(context, reference, found, key);
  if (typeof text !== "string") return unusable(text.missing);
  const keys = fromCredentialsFile(text, file.profile);
  if (keys !== undefined) return signed(file.region, keys);
  const reason = `the key ${key} of Secret ${found.id} has no aws_access_key_id and aws_secret_access_key in profile ${file.profile}`;
  context.report.unresolved(reference.from, reference.path, reason);
  return unusable(reason);
}

/** Of the environment; that there are none is unresolved at `path`. */
export function awsFromEnvironment(
  context: CompileContext,
  from: Resource<unknown>,
  path: Path,
  region: string,
): CompiledAuth {
  const keys = fromEnvironment(context.env);
  if (keys !== undefined) return signed(region, keys);
  const reason = "there are no AWS credentials";
  context.report.unresolved(from, path, `${reason}; name a Secret, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`);
  return unusable(reason);
}

import { Secret } from "../../core/auth.ts";
import type { tollgateConfig } from "../dialects/tollgate/tollgate-config.ts";
import type { ResourceOf } from "../resource.ts";
import { readSecret, readSecretKey, type SecretContext } from "./secrets.ts";

/** What an `authorization` header can carry. */
const sendable = /^[\x21-\x7e]+$/;

/** The admin token that a TollgateConfig names (resources.md §5); undefined = none, or its Secret is missing: one is made at start. */
export function compileAdminToken(
  context: SecretContext,
  resource: ResourceOf<typeof tollgateConfig>,
): Secret | undefined {
  const reference = resource.body.spec.admin?.tokenSecretRef;
  if (reference === undefined) return undefined;
  const path = ["spec", "admin", "tokenSecretRef"];
  const key = reference.key ?? "token";
  const from = { from: resource, path, ...reference, key };
  const found = readSecret(context, from);
  const value = "missing" in found ? found : readSecretKey(context, from, found, key);
  if (typeof value !== "string") return undefined;
  if (sendable.test(value.trim())) return new Secret(value);
  context.report.error(resource, [...path, "key"], "the token must be printable ASCII without spaces");
  return undefined;
}

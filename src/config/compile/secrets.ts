import type { Path } from "../diagnostics.ts";
import { secret } from "../dialects/gateway-api/secret.ts";
import { type Reference, resolveReference } from "../references.ts";
import type { Resource } from "../resource.ts";
import type { CompileContext } from "./context.ts";

/** A Secret's plain values. `unset` holds the keys whose environment variable is not set, with its name. */
export interface SecretValues {
  readonly id: string;
  readonly values: ReadonlyMap<string, string>;
  readonly unset: ReadonlyMap<string, string>;
  readonly resource: Resource<unknown>;
}

/** `missing` says in words for a client what is not there; the report knows it already. */
export type SecretLookup<T> = T | { readonly missing: string };

/** What it takes to look a Secret up. */
export type SecretContext = Pick<CompileContext, "resources" | "report" | "env">;

/** A Secret's name and where it was written. */
export interface SecretReference extends Reference {
  /** The key that is wanted, if it was written. */
  readonly key?: string | undefined;
  readonly from: Resource<unknown>;
  readonly path: Path;
}

/** The Secret that `reference` names. A missing one is unresolved (resources.md §1). */
export function readSecret(context: SecretContext, reference: SecretReference): SecretLookup<SecretValues> {
  const { resources, report, env } = context;
  const { from, path } = reference;
  const resolved = resolveReference([secret], reference, from, [...path, "name"], resources, report);
  if (resolved.state === "refused") return { missing: `Secret ${reference.name} is invalid` };
  if (resolved.state === "missing") {
    const namespace = reference.namespace ?? from.namespace;
    const command = `kubectl create secret generic ${reference.name} -n ${namespace} --from-literal=${reference.key ?? "KEY"}=…`;
    report.unresolved(from, [...path, "name"], `${resolved.reason}; add it to the files, or run ${command}`);
    return { missing: resolved.reason };
  }
  const { resource } = resolved;
  const values = new Map<string, string>();
  const unset = new Map<string, string>();
  for (const [key, value] of Object.entries(resource.body.data ?? {}))
    values.set(key, Buffer.from(value, "base64").toString("utf8"));
  for (const [key, text] of Object.entries(resource.body.stringData ?? {})) {
    const expanded = resource.expandEnv ? expand(text, env) : { value: text };
    if ("unset" in expanded) unset.set(key, expanded.unset);
    else values.set(key, expanded.value);
  }
  return { id: resource.id, values, unset, resource };
}

/** One key of a Secret; that it is missing or empty is unresolved. */
export function readSecretKey(
  context: SecretContext,
  reference: SecretReference,
  found: SecretValues,
  key: string,
): SecretLookup<string> {
  const { report } = context;
  const variable = found.unset.get(key);
  const value = found.values.get(key);
  if (variable !== undefined) {
    const reason = `the environment variable ${variable} of Secret ${found.id} is not set`;
    report.unresolved(found.resource, ["stringData", key], `${reason}; set it before starting`);
    return { missing: reason };
  }
  if (value !== undefined && value.trim() !== "") return value;
  const reason =
    value === undefined ? `Secret ${found.id} has no key ${key}` : `the key ${key} of Secret ${found.id} is empty`;
  const others =
    value === undefined && found.values.size > 0 ? `; its keys are ${[...found.values.keys()].join(", ")}` : "";
  report.unresolved(reference.from, [...reference.path, "key"], `${reason}${others}`);
  return { missing: reason };
}

/** Replaces `${NAME}`. */
function expand(text: string, env: CompileContext["env"]): { readonly value: string } | { readonly unset: string } {
  let unset: string | undefined;
  const value = text.replace(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => {
    const found = env[name];
    if (found === undefined) unset ??= name;
    return found ?? "";
  });
  return unset === undefined ? { value } : { unset };
}

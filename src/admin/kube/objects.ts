import type { ResourceStore } from "../../resources/resource-store.ts";
import type { ObjectKey, StoredObject } from "../../resources/stored-object.ts";
import type { PathTarget } from "./parse-path.ts";
import { groupVersion, type ResourceType } from "./resource-type.ts";
import { maskedSecret } from "./secret-values.ts";
import { notFound } from "./status.ts";

/** A namespace is there when somebody made it or something is in it; `default` always is. It is as old as what is in it. */
function impliedNamespaces(store: ResourceStore): readonly StoredObject[] {
  const objects = store.list({});
  const oldest = objects.map(({ metadata }) => metadata.creationTimestamp).sort()[0] ?? "1970-01-01T00:00:00Z";
  const names = new Map<string, string>([["default", oldest]]);
  for (const { metadata } of objects) {
    const { namespace, creationTimestamp } = metadata;
    if (namespace !== undefined && creationTimestamp < (names.get(namespace) ?? "~"))
      names.set(namespace, creationTimestamp);
  }
  return [...names].map(([name, creationTimestamp]) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, uid: "", resourceVersion: "1", generation: 1, creationTimestamp },
  }));
}

/** The objects that a path names. */
export function listObjects(store: ResourceStore, { type, namespace }: PathTarget): readonly StoredObject[] {
  const where = type.namespaced && namespace !== undefined ? { namespace } : {};
  const found = store.list({ group: type.group, kind: type.kind, ...where });
  if (type.kind !== "Namespace" || type.group !== "") return found;
  const made = new Set(found.map(({ metadata }) => metadata.name));
  const all = [...found, ...impliedNamespaces(store).filter(({ metadata }) => !made.has(metadata.name))];
  return all.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

export function keyFor({ type, namespace = "" }: PathTarget, name: string): ObjectKey {
  return { group: type.group, kind: type.kind, namespace, name };
}

/** @throws KubeError (404) */
export function getObject(store: ResourceStore, target: PathTarget, name: string): StoredObject {
  const found =
    store.get(keyFor(target, name)) ??
    (target.type.kind === "Namespace"
      ? impliedNamespaces(store).find(({ metadata }) => metadata.name === name)
      : undefined);
  if (found === undefined) throw notFound(target.type, name);
  return found;
}

/** As clients see it: in the version that they asked for, without values of Secrets. One that was never kept has no resourceVersion. */
export function shown(type: ResourceType, version: string, object: StoredObject): object {
  const { resourceVersion, ...metadata } = object.metadata;
  const status = type.kind === "Namespace" && type.group === "" ? { status: { phase: "Active" } } : {};
  return {
    ...maskedSecret(object),
    apiVersion: groupVersion(type.group, version),
    metadata: resourceVersion === "" ? metadata : object.metadata,
    ...status,
  };
}

import { findType, type ResourceType } from "./resource-type.ts";

/** What a path names: all objects of a kind, those of a namespace, or one. */
export interface PathTarget {
  readonly type: ResourceType;
  readonly version: string;
  /** "" for kinds without namespaces; undefined = those of every namespace. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly isStatus: boolean;
}

function decoded(element: string): string | undefined {
  try {
    return decodeURIComponent(element);
  } catch {
    return undefined;
  }
}

/** `/apis/GROUP/VERSION[/namespaces/NAMESPACE]/PLURAL[/NAME[/status]]`, `/api/v1/…`; undefined = nothing that is served. */
export function parsePath(path: string): PathTarget | undefined {
  const elements = path.replace(/\/$/, "").split("/").slice(1).map(decoded);
  if (elements.some((element) => element === undefined || element === "")) return undefined;
  const [root, ...afterRoot] = elements as string[];
  if (root !== "api" && root !== "apis") return undefined;
  const [group = "", version = "", ...rest] = root === "api" ? ["", ...afterRoot] : afterRoot;
  if (rest[0] === "namespaces" && rest.length >= 3 && rest[2] !== "status") {
    const [, namespace, plural = "", ...names] = rest;
    return target(findType(group, version, plural), version, namespace, names);
  }
  const [plural = "", ...names] = rest;
  return target(findType(group, version, plural), version, undefined, names);
}

function target(
  type: ResourceType | undefined,
  version: string,
  namespace: string | undefined,
  [name, subresource, more]: readonly string[],
): PathTarget | undefined {
  if (type === undefined || more !== undefined) return undefined;
  if (subresource !== undefined && subresource !== "status") return undefined;
  if (!type.namespaced && namespace !== undefined) return undefined;
  // one object of a kind with namespaces is named with its namespace
  if (type.namespaced && namespace === undefined && name !== undefined) return undefined;
  return {
    type,
    version,
    namespace: type.namespaced ? namespace : "",
    name,
    isStatus: subresource === "status",
  };
}

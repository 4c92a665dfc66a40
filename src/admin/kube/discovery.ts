import { groups, groupVersion, type ResourceType, resourceTypes, versionsOf } from "./resource-type.ts";

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];

function describeGroup(group: string): object {
  const versions = versionsOf(group).map((version) => ({ groupVersion: groupVersion(group, version), version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function describeType(type: ResourceType): object {
  return {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    // what `kubectl get all` shows: what was applied, without Secrets and namespaces
    ...(type.group === "" ? {} : { categories: ["all"] }),
  };
}

function resourceList(group: string, version: string): object | undefined {
  const types = resourceTypes.filter((type) => type.group === group && type.versions.includes(version));
  if (types.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: groupVersion(group, version),
    resources: types.map(describeType),
  };
}

/** Clients compare it with their own; it says which Kubernetes the answers look like. */
const version = { major: "1", minor: "32", gitVersion: "v1.32.0+tollgate", platform: "tollgate" };

/**
 * What there is (kubectl.md, "Endpoints"): the legacy form, which every client reads; undefined = another path.
 */
export function discover(path: string): object | undefined {
  const elements = path.replace(/\/$/, "").split("/").slice(1);
  const [root, group = "", named = "", more] = elements;
  if (more !== undefined) return undefined;
  if (root === "version" && elements.length === 1) return version;
  if (root === "api" && elements.length === 1)
    return { kind: "APIVersions", apiVersion: "v1", versions: versionsOf("") };
  if (root === "api" && elements.length === 2) return resourceList("", group);
  if (root !== "apis") return undefined;
  if (elements.length === 1) return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(describeGroup) };
  if (!groups.includes(group)) return undefined;
  return elements.length === 2
    ? { kind: "APIGroup", apiVersion: "v1", ...describeGroup(group) }
    : resourceList(group, named);
}

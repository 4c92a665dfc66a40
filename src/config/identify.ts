import { aiGatewayGroup, envoyGatewayGroup, gatewayApiGroup, tollgateGroup } from "./dialects/common/groups.ts";
import { kinds } from "./dialects/kinds.ts";
import { unservedKinds } from "./dialects/unserved-kinds.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { editDistance, suggestion } from "./nearest.ts";
import type { YamlDocument } from "./parse.ts";
import type { Report } from "./report.ts";

/** Groups whose every kind we know; an unknown one is a mistake. */
const ownGroups: readonly string[] = [aiGatewayGroup, envoyGatewayGroup, tollgateGroup];
const namedGroups: readonly string[] = [...ownGroups, gatewayApiGroup];

/**
 * What kind a document is. Undefined when it is not read, and the report says why: a mistake is an error; another program's kind is
 * passed over with an info line (resources.md §1).
 */
export function identify(document: YamlDocument, report: Report): KindDefinition<unknown> | undefined {
  const { value } = document;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    report.error(document, [], "is not a resource; a resource is a map with apiVersion, kind, metadata and spec");
    return undefined;
  }
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  if (typeof apiVersion !== "string")
    report.error(document, ["apiVersion"], `is required: a string such as ${aiGatewayGroup}/v1alpha1`);
  if (typeof kind !== "string") report.error(document, ["kind"], "is required: a string such as AIGatewayRoute");
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  const slash = apiVersion.indexOf("/");
  const group = slash === -1 ? "" : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const definition = kinds.find((known) => known.group === group && known.kind === kind);
  if (definition === undefined) {
    explainUnknown(document, group, kind, report);
    return undefined;
  }
  if (definition.versions.includes(version)) return definition;
  const prefix = group === "" ? "" : `${group}/`;
  const served = definition.versions.map((known) => prefix + known).join(" or ");
  report.error(document, ["apiVersion"], `${kind} has no version ${JSON.stringify(version)} here; write ${served}`);
  return undefined;
}

function explainUnknown(document: YamlDocument, group: string, kind: string, report: Report): void {
  const unserved = unservedKinds.find((known) => known.group === group && known.kind === kind);
  if (unserved !== undefined) {
    report.add(unserved.severity, document, ["kind"], unserved.message);
    return;
  }
  if (ownGroups.includes(group)) {
    const elsewhere = kinds.find((known) => known.kind === kind);
    const there = kinds.filter((known) => known.group === group).map((known) => known.kind);
    const advice =
      elsewhere === undefined
        ? suggestion(kind, there)
        : `; it belongs to ${elsewhere.group || "the core group"}, version ${elsewhere.versions[0]}`;
    report.error(document, ["kind"], `unknown kind ${JSON.stringify(kind)} in group ${group}${advice}`);
    return;
  }
  const meant = namedGroups.find((known) => known !== group && editDistance(known, group) <= 3);
  if (meant !== undefined)
    report.error(document, ["apiVersion"], `unknown group ${JSON.stringify(group)}; did you mean "${meant}"?`);
  else report.info(document, ["kind"], `kind ${kind} of ${group === "" ? "the core group" : group} is not read`);
}

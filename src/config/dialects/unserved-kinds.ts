import type { Severity } from "../diagnostics.ts";
import { aiGatewayGroup, envoyGatewayGroup } from "./common/groups.ts";

/** A kind that exists and that we do not serve. What would limit or protect somebody is refused, the rest is told. */
export interface UnservedKind {
  readonly group: string;
  readonly kind: string;
  readonly severity: Severity;
  readonly message: string;
}

const notYet = (group: string, kind: string): UnservedKind => ({
  group,
  kind,
  severity: "error",
  message: `kind ${kind} is not supported yet; remove it`,
});
const notUsed = (kind: string): UnservedKind => ({
  group: envoyGatewayGroup,
  kind,
  severity: "info",
  message: `kind ${kind} has no effect here`,
});

export const unservedKinds: readonly UnservedKind[] = [
  { group: aiGatewayGroup, kind: "MCPRoute", severity: "warning", message: "kind MCPRoute is not served by Tollgate" },
  notYet(envoyGatewayGroup, "SecurityPolicy"),
  notUsed("ClientTrafficPolicy"),
  notUsed("EnvoyExtensionPolicy"),
  notUsed("EnvoyPatchPolicy"),
  notUsed("EnvoyProxy"),
  notUsed("HTTPRouteFilter"),
];

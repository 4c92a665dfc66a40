import { kinds } from "../../config/dialects/kinds.ts";
import type { KindDefinition } from "../../config/kind-definition.ts";

/** A kind as the API names it. */
export interface ResourceType {
  readonly definition: KindDefinition<unknown>;
  readonly group: string;
  /** The preferred one first. */
  readonly versions: readonly string[];
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Whether `status.conditions` says what became of an object; the core kinds have none. */
  readonly hasConditions: boolean;
}

/** resources.md §1; the others have none. */
const shortNames: Readonly<Record<string, readonly string[]>> = {
  AIGatewayRoute: ["aigr"],
  AIServiceBackend: ["aisb"],
  BackendSecurityPolicy: ["bsp"],
  BackendTrafficPolicy: ["btp"],
  BackendTLSPolicy: ["btlspolicy"],
  ConfigMap: ["cm"],
  Gateway: ["gtw"],
  GatewayClass: ["gc"],
  Namespace: ["ns"],
  ReferenceGrant: ["refgrant"],
};

function pluralOf(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return word.endsWith("s") ? `${word}es` : `${word}s`;
}

function toType(definition: KindDefinition<unknown>): ResourceType {
  const { group, versions, kind, namespaced } = definition;
  const singular = kind.toLowerCase();
  return {
    definition,
    group,
    versions,
    kind,
    plural: pluralOf(singular),
    singular,
    shortNames: shortNames[kind] ?? [],
    namespaced,
    hasConditions: group !== "",
  };
}

export const resourceTypes: readonly ResourceType[] = kinds.map(toType);

export const groupVersion = (group: string, version: string): string =>
  group === "" ? version : `${group}/${version}`;

export function findType(group: string, version: string, plural: string): ResourceType | undefined {
  return resourceTypes.find(
    (type) => type.group === group && type.plural === plural && type.versions.includes(version),
  );
}

export function typeOfKind(group: string, kind: string): ResourceType | undefined {
  return resourceTypes.find((type) => type.group === group && type.kind === kind);
}

/** Versions of a group, the preferred one first. */
export function versionsOf(group: string): readonly string[] {
  const inGroup = resourceTypes.filter((type) => type.group === group);
  return [...new Set(inGroup.flatMap(({ versions }) => versions))];
}

/** Every group but the core one. */
export const groups: readonly string[] = [...new Set(resourceTypes.map(({ group }) => group))].filter(
  (group) => group !== "",
);

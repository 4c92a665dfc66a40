import { checkStructure } from "./check-structure.ts";
import { identify } from "./identify.ts";
import { itemsOf } from "./items-of.ts";
import type { Envelope, KindDefinition } from "./kind-definition.ts";
import type { YamlDocument } from "./parse.ts";
import type { Report } from "./report.ts";
import { type Resource, ResourceSet } from "./resource.ts";

const defaultNamespace = "default";

/**
 * Every document as a resource of its kind; what is invalid is refused, with all reasons in the report. What came through the resource
 * API takes the place of what files say under the same name.
 */
export function readResources(documents: readonly YamlDocument[], report: Report): ResourceSet {
  const resources = new ResourceSet();
  const appliedFirst = [...documents].sort((a, b) => Number(a.expandEnv) - Number(b.expandEnv));
  for (const document of appliedFirst.flatMap(itemsOf)) {
    const definition = identify(document, report);
    if (definition === undefined) continue;
    const object = checkStructure(definition, document, report);
    if (object === undefined) refuse(definition.kind, document, resources);
    else add(definition, document, object as Envelope, resources, report);
  }
  return resources;
}

function refuse(kind: string, document: YamlDocument, resources: ResourceSet): void {
  const { metadata } = document.value as { metadata?: { name?: unknown } };
  if (typeof metadata?.name === "string") resources.refuse(kind, metadata.name);
}

function add(
  definition: KindDefinition<unknown>,
  document: YamlDocument,
  object: Envelope,
  resources: ResourceSet,
  report: Report,
): void {
  const { metadata } = object;
  const namespace = definition.namespaced ? (metadata.namespace ?? defaultNamespace) : "";
  const created = Date.parse(metadata.creationTimestamp ?? "");
  const {
    apiVersion: _version,
    kind: _kind,
    metadata: _metadata,
    status: _status,
    ...raw
  } = document.value as Record<string, unknown>;
  const resource: Resource<unknown> = {
    file: document.file,
    locate: document.locate,
    expandEnv: document.expandEnv,
    kind: definition.kind,
    namespace,
    name: metadata.name,
    id: `${namespace}/${metadata.name}`,
    annotations: metadata.annotations ?? {},
    createdMs: Number.isNaN(created) ? undefined : created,
    body: object,
    raw,
  };
  const earlier = resources.add(definition, resource);
  if (earlier === undefined) return;
  const place = `${earlier.file}:${earlier.locate(["metadata", "name"]).line}`;
  if (document.expandEnv && !earlier.expandEnv)
    report.info(
      document,
      ["metadata", "name"],
      `is not used: ${definition.kind} ${resource.id} was applied, see ${place}`,
    );
  else
    report.error(
      document,
      ["metadata", "name"],
      `${definition.kind} ${resource.id} is defined in ${place} already; rename or remove one`,
    );
}

import type { Path } from "./diagnostics.ts";
import { referenceGrant } from "./dialects/gateway-api/reference-grant.ts";
import type { KindDefinition } from "./kind-definition.ts";
import type { Report } from "./report.ts";
import type { Resource, ResourceSet } from "./resource.ts";

export interface Reference {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/**
 * `refused`: it was written and is invalid, which the report says elsewhere. `missing`: `reason` says in words for a client what was
 * not found; the report is left to the caller, who knows how bad that is.
 */
export type Resolution<Body> =
  | { readonly state: "found"; readonly resource: Resource<Body> }
  | { readonly state: "refused" }
  | { readonly state: "missing"; readonly reason: string };

/**
 * Looks a reference up (resources.md §1): in its own namespace or the one that it names; stand-alone also in the one other namespace
 * that has that name, with a warning that `--strict` makes an error.
 */
export function resolveReference<Body>(
  definitions: readonly KindDefinition<Body>[],
  reference: Reference,
  from: Resource<unknown>,
  path: Path,
  resources: ResourceSet,
  report: Report,
): Resolution<Body> {
  const kind = definitions.map((definition) => definition.kind).join(" or ");
  const wanted = reference.namespace ?? from.namespace;
  const at = (namespace: string): Resource<Body> | undefined =>
    definitions
      .map((definition) => resources.get(definition, `${namespace}/${reference.name}`))
      .find((found) => found !== undefined);
  const found = at(wanted);
  if (found !== undefined) {
    if (wanted !== from.namespace && !isGranted(from, found, definitions, resources)) {
      report.strictWarning(
        from,
        path,
        `${kind} ${found.id} is in another namespace; in a cluster this needs a ReferenceGrant in ${wanted}`,
      );
    }
    return { state: "found", resource: found };
  }
  if (definitions.some((definition) => resources.isRefused(definition.kind, reference.name)))
    return { state: "refused" };
  const reason = `${kind} ${wanted}/${reference.name} was not found`;
  if (reference.namespace !== undefined) return { state: "missing", reason };
  const elsewhere = definitions
    .flatMap((definition) => resources.all(definition))
    .filter(({ name }) => name === reference.name);
  const [only, another] = elsewhere;
  if (only === undefined) return { state: "missing", reason };
  if (another !== undefined) {
    const namespaces = elsewhere.map(({ namespace }) => namespace).join(", ");
    return { state: "missing", reason: `${reason}, and more than one other namespace has it (${namespaces})` };
  }
  const cross = `${only.kind} ${reference.name} is not in namespace ${from.namespace}; the one in ${only.namespace} is used`;
  report.strictWarning(from, path, `${cross}. A cluster would not do that: put both into one namespace`);
  return { state: "found", resource: only };
}

function isGranted(
  from: Resource<unknown>,
  to: Resource<unknown>,
  definitions: readonly KindDefinition<unknown>[],
  resources: ResourceSet,
): boolean {
  const group = definitions.find(({ kind }) => kind === to.kind)?.group;
  return resources.all(referenceGrant).some(({ namespace, body: { spec } }) => {
    if (namespace !== to.namespace) return false;
    const allowsFrom = spec.from.some((source) => source.kind === from.kind && source.namespace === from.namespace);
    return (
      allowsFrom &&
      spec.to.some(
        (target) => target.kind === to.kind && target.group === group && (target.name ?? to.name) === to.name,
      )
    );
  });
}

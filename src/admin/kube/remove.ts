import type { ResourceStore } from "../../resources/resource-store.ts";
import { keyOf, type StoredObject } from "../../resources/stored-object.ts";
import { isObject, type JsonObject, readDeleteOptions } from "./body.ts";
import type { Changes } from "./changes.ts";
import { getObject, listObjects, shown } from "./objects.ts";
import type { PathTarget } from "./parse-path.ts";
import { answerJson, type KubeAnswer, type KubeRequest } from "./request.ts";
import { groupVersion } from "./resource-type.ts";
import { parseSelectors } from "./selectors.ts";
import { conflict, deleted, KubeError } from "./status.ts";
import { isDryRun } from "./written-object.ts";

export interface RemoveTools {
  readonly store: ResourceStore;
  readonly changes: Changes;
}

/** @throws KubeError (409) when it is not the object that the client means */
function checkPreconditions(target: PathTarget, { preconditions }: JsonObject, { metadata }: StoredObject): void {
  if (!isObject(preconditions)) return;
  for (const name of ["uid", "resourceVersion"] as const) {
    const wanted = preconditions[name];
    if (wanted === undefined || wanted === null || wanted === metadata[name]) continue;
    throw conflict(target.type, metadata.name, `Precondition failed: ${name} in precondition: ${String(wanted)}`);
  }
}

const isNamespace = ({ kind, apiVersion }: StoredObject): boolean => kind === "Namespace" && apiVersion === "v1";

/** @throws KubeError (403): it would be there all the same, and clients would wait for it to go */
function checkDeletable({ type }: PathTarget, object: StoredObject): void {
  if (isNamespace(object) && object.metadata.name === "default")
    throw new KubeError(403, "Forbidden", `${type.plural} "default" is forbidden: this namespace may not be deleted`);
}

/** With a namespace goes what is in it. */
function withContents(store: ResourceStore, object: StoredObject): readonly StoredObject[] {
  return isNamespace(object) ? [...store.list({ namespace: object.metadata.name }), object] : [object];
}

/** DELETE of one object, or of all that a path and selectors name. @throws KubeError */
export async function remove(request: KubeRequest, target: PathTarget, tools: RemoveTools): Promise<KubeAnswer> {
  const { store, changes } = tools;
  const { type, version, name } = target;
  const options = await readDeleteOptions(request);
  const dryRun = isDryRun(request.query.getAll("dryRun")) || isDryRun(options["dryRun"]);
  return await store.exclusively(async () => {
    if (name === undefined) {
      const objects = listObjects(store, target).filter(parseSelectors(request.query));
      for (const object of objects) checkDeletable(target, object);
      const warnings = dryRun
        ? []
        : await changes.remove(objects.flatMap((one) => withContents(store, one)).map(keyOf));
      return answerJson(
        200,
        {
          kind: `${type.kind}List`,
          apiVersion: groupVersion(type.group, version),
          metadata: { resourceVersion: String(store.version) },
          items: objects.map((object) => shown(type, version, object)),
        },
        warnings,
      );
    }
    const object = getObject(store, target, name);
    checkDeletable(target, object);
    checkPreconditions(target, options, object);
    const warnings = dryRun ? [] : await changes.remove(withContents(store, object).map(keyOf));
    return answerJson(200, deleted(type, name, object.metadata.uid), warnings);
  });
}

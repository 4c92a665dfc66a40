import { renderPath } from "../../config/diagnostics.ts";
import { type NextTools, nextObject, timestamp } from "../../resources/next-object.ts";
import type { ResourceStore } from "../../resources/resource-store.ts";
import type { StoredObject } from "../../resources/stored-object.ts";
import { isObject, type JsonObject, mediaType, readJson, readObject } from "./body.ts";
import type { Changes } from "./changes.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch, strategicPatch } from "./merge-patch.ts";
import { getObject, keyFor, shown } from "./objects.ts";
import type { PathTarget } from "./parse-path.ts";
import { answerJson, type KubeAnswer, type KubeRequest } from "./request.ts";
import { groupVersion } from "./resource-type.ts";
import { keptSecret } from "./secret-values.ts";
import { serverSideApply } from "./server-side-apply.ts";
import { alreadyExists, badRequest, conflict, KubeError, methodNotAllowed, unsupportedMediaType } from "./status.ts";
import { checkEnvelope, checkFields, isDryRun } from "./written-object.ts";

export interface WriteTools extends NextTools {
  readonly store: ResourceStore;
  readonly changes: Changes;
}

/** Keeps what was written (or, for a dry run, says what would be kept). */
async function keep(
  request: KubeRequest,
  target: PathTarget,
  name: string,
  written: JsonObject,
  existing: StoredObject | undefined,
  tools: WriteTools,
): Promise<KubeAnswer> {
  const { type, version } = target;
  const isNew = existing === undefined;
  const checked = checkFields(request, target, written);
  const kept = keptSecret({ ...checked.object, kind: type.kind }, existing);
  const apiVersion = groupVersion(type.group, version);
  const next = nextObject(keyFor(target, name), apiVersion, kept, existing, tools);
  const answer = (object: StoredObject, warnings: readonly string[]): KubeAnswer =>
    answerJson(isNew ? 201 : 200, shown(type, version, object), [...checked.warnings, ...warnings]);
  if (next === existing) return answer(existing, []);
  const { object, warnings } = await tools.changes.put(type, next, isDryRun(request.query.getAll("dryRun")));
  return answer(object, warnings);
}

/** @throws KubeError (409) when somebody else changed it since the client has read it */
function checkVersion(target: PathTarget, written: JsonObject, existing: StoredObject): void {
  const { resourceVersion, uid } = isObject(written["metadata"]) ? written["metadata"] : {};
  const { metadata } = existing;
  if (typeof resourceVersion === "string" && resourceVersion !== "" && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      target.type,
      metadata.name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  if (typeof uid === "string" && uid !== "" && uid !== metadata.uid)
    throw conflict(target.type, metadata.name, `it has another uid than ${uid}: it was deleted and made anew`);
}

/** POST. @throws KubeError */
export async function create(request: KubeRequest, target: PathTarget, tools: WriteTools): Promise<KubeAnswer> {
  if (target.name !== undefined || (target.type.namespaced && target.namespace === undefined)) throw methodNotAllowed();
  const written = await readObject(request);
  const name = checkEnvelope(target, written);
  return await tools.store.exclusively(async () => {
    if (tools.store.get(keyFor(target, name)) !== undefined) throw alreadyExists(target.type, name);
    return await keep(request, target, name, written, undefined, tools);
  });
}

/** PUT. @throws KubeError */
export async function replace(request: KubeRequest, target: PathTarget, tools: WriteTools): Promise<KubeAnswer> {
  if (target.name === undefined) throw methodNotAllowed();
  const written = await readObject(request);
  const name = checkEnvelope(target, written);
  return await tools.store.exclusively(async () => {
    const existing = tools.store.get(keyFor(target, name)) ?? getObject(tools.store, target, name);
    checkVersion(target, written, existing);
    return await keep(request, target, name, written, existing, tools);
  });
}

const patchTypes = {
  "application/merge-patch+json": mergePatch,
  "application/strategic-merge-patch+json": strategicPatch,
  "application/json-patch+json": jsonPatch,
} as const;
const applyTypes = ["application/apply-patch+yaml", "application/apply-patch+json"];

/** PATCH. @throws KubeError */
export async function patch(request: KubeRequest, target: PathTarget, tools: WriteTools): Promise<KubeAnswer> {
  const { name } = target;
  if (name === undefined) throw methodNotAllowed();
  const type = mediaType(request);
  const isApply = applyTypes.includes(type);
  const change = Object.hasOwn(patchTypes, type) ? patchTypes[type as keyof typeof patchTypes] : undefined;
  if (change === undefined && !isApply)
    throw unsupportedMediaType(type, [...Object.keys(patchTypes), ...applyTypes.slice(0, 1)]);
  const body = await readJson(request, isApply);
  return await tools.store.exclusively(async () => {
    if (change === undefined) return await apply(request, target, name, body, tools);
    const existing = getObject(tools.store, target, name);
    if (isObject(body)) checkVersion(target, body, existing);
    const changed = change({ ...existing, apiVersion: groupVersion(target.type.group, target.version) }, body);
    if (!isObject(changed)) throw badRequest("the patch makes no object");
    checkEnvelope(target, changed);
    return await keep(request, target, name, changed, existing, tools);
  });
}

async function apply(
  request: KubeRequest,
  target: PathTarget,
  name: string,
  body: unknown,
  tools: WriteTools,
): Promise<KubeAnswer> {
  const manager = request.query.get("fieldManager") ?? "";
  if (manager === "") throw badRequest("PatchOptions.meta.k8s.io is invalid: fieldManager: Required value");
  if (!isObject(body)) throw badRequest("the body is no object");
  checkEnvelope(target, body);
  const existing = tools.store.get(keyFor(target, name));
  const applier = {
    manager,
    apiVersion: groupVersion(target.type.group, target.version),
    time: timestamp(tools.nowMs()),
  };
  // a Secret's plain texts are fields of `data` by another name
  const { object, conflicts } = serverSideApply(
    existing,
    keptSecret({ ...body, kind: target.type.kind }, existing),
    applier,
  );
  const [first] = conflicts;
  if (first !== undefined && request.query.get("force") !== "true") {
    const causes = conflicts.map(({ manager: owner, path }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${owner}"`,
      field: `.${renderPath(path)}`,
    }));
    const count = causes.length === 1 ? "1 conflict" : `${causes.length} conflicts`;
    const fields = causes.map(({ field }) => field).join(", ");
    const message = `Apply failed with ${count}: conflict with "${first.manager}": ${fields}`;
    throw new KubeError(409, "Conflict", message, { causes });
  }
  return await keep(request, target, name, object, existing, tools);
}

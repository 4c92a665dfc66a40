import { renderPath } from "../../config/diagnostics.ts";
import { isObject, type JsonObject } from "./body.ts";
import type { PathTarget } from "./parse-path.ts";
import type { KubeRequest } from "./request.ts";
import { groupVersion } from "./resource-type.ts";
import { badRequest, invalid } from "./status.ts";
import { unknownFields, withoutField } from "./unknown-fields.ts";

/** The name in an object's metadata. @throws KubeError when the object is not what the path names */
export function checkEnvelope(target: PathTarget, object: JsonObject): string {
  const { type, version, namespace } = target;
  const wanted = groupVersion(type.group, version);
  const { apiVersion = wanted, kind = type.kind, metadata } = object;
  if (apiVersion !== wanted || kind !== type.kind)
    throw badRequest(
      `the object provided is unrecognized: ${String(kind)} of ${String(apiVersion)} was sent where ${type.kind} of ${wanted} is`,
    );
  const { name, namespace: written } = isObject(metadata) ? metadata : {};
  if (type.namespaced && written !== undefined && written !== null && written !== namespace)
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request (${String(written)} and ${String(namespace)})`,
    );
  if (typeof name === "string" && name !== "") {
    if (target.name === undefined || target.name === name) return name;
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  }
  if (target.name !== undefined) return target.name;
  const cause = { reason: "FieldValueRequired", message: "Required value: name is required", field: "metadata.name" };
  throw invalid(type, "", [cause]);
}

/**
 * The object without fields that its kind does not have: what `fieldValidation` asks for.
 * @throws KubeError (400) that names all of them, unless only a warning is asked for, or nothing
 */
export function checkFields(
  request: KubeRequest,
  { type, version }: PathTarget,
  object: JsonObject,
): { readonly object: JsonObject; readonly warnings: readonly string[] } {
  const mode = request.query.get("fieldValidation") ?? "Warn";
  if (!["Strict", "Warn", "Ignore"].includes(mode))
    throw badRequest(`fieldValidation: ${JSON.stringify(mode.slice(0, 40))} is not Strict, Warn or Ignore`);
  const unknown = unknownFields(type.definition, object);
  const told = unknown.map(({ path, message }) =>
    message.replace("unknown field", `unknown field "${renderPath(path)}"`),
  );
  if (mode === "Strict" && told.length > 0)
    throw badRequest(
      `${type.kind} in version "${version}" cannot be handled as a ${type.kind}: strict decoding error: ${told.join(", ")}`,
    );
  const kept = unknown.reduce<unknown>((value, { path }) => withoutField(value, path), object);
  return { object: kept as JsonObject, warnings: mode === "Warn" ? told : [] };
}

/** Whether nothing is to be kept. @throws KubeError */
export function isDryRun(given: unknown): boolean {
  const written = Array.isArray(given) ? given : given === null || given === undefined ? [] : [given];
  if (written.some((value) => value !== "All")) throw badRequest('dryRun: only "All" is supported');
  return written.length > 0;
}

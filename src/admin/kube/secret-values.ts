import type { StoredObject } from "../../resources/stored-object.ts";
import { isObject, type JsonObject } from "./body.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const maskSign = "*";

/** So many asterisks as the value has bytes: `kubectl describe` shows a size. */
function mask(base64: unknown): string {
  const length = typeof base64 === "string" ? Buffer.from(base64, "base64").length : 0;
  return Buffer.from(maskSign.repeat(length)).toString("base64");
}

function parsed(text: unknown): JsonObject | undefined {
  try {
    const value = JSON.parse(String(text)) as unknown;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const emptied = (values: unknown): unknown =>
  isObject(values) ? Object.fromEntries(Object.keys(values).map((key) => [key, ""])) : values;

/**
 * A Secret as it is kept: `stringData` becomes `data`, and a client's note of what it applied last keeps the keys but not the values.
 * A value that is a mask from `maskedSecret` stays what it was. Other kinds are left as they are.
 */
export function keptSecret(written: JsonObject, existing: StoredObject | undefined): JsonObject {
  if (written["kind"] !== "Secret") return written;
  const { stringData, ...rest } = written;
  // what is no text is refused by the check that follows
  if (isObject(stringData) && Object.values(stringData).some((value) => typeof value !== "string")) return written;
  const data: Record<string, unknown> = { ...(isObject(rest["data"]) ? rest["data"] : {}) };
  for (const [key, value] of Object.entries(isObject(stringData) ? stringData : {}))
    data[key] = Buffer.from(String(value)).toString("base64");
  const old = existing?.["data"];
  for (const [key, value] of Object.entries(isObject(old) ? old : {}))
    if (data[key] !== undefined && data[key] === mask(value)) data[key] = value;
  const kept: Record<string, unknown> = { ...rest, type: rest["type"] ?? "Opaque" };
  if (isObject(rest["data"]) || Object.keys(data).length > 0) kept["data"] = data;
  return { ...kept, metadata: withoutNotedValues(rest["metadata"]) };
}

function withoutNotedValues(metadata: unknown): unknown {
  const annotations = isObject(metadata) ? metadata["annotations"] : undefined;
  if (!isObject(metadata) || !isObject(annotations) || annotations[lastApplied] === undefined) return metadata;
  const note = parsed(annotations[lastApplied]);
  const { [lastApplied]: _, ...others } = annotations;
  if (note === undefined) return { ...metadata, annotations: others };
  const members = Object.entries(note).map(([key, value]) => [
    key,
    key === "data" || key === "stringData" ? emptied(value) : value,
  ]);
  return { ...metadata, annotations: { ...others, [lastApplied]: `${JSON.stringify(Object.fromEntries(members))}\n` } };
}

/** A Secret as it is shown: its values are masks. Other kinds are left as they are. */
export function maskedSecret(object: StoredObject): StoredObject {
  const data = object["data"];
  if (object.kind !== "Secret" || !isObject(data)) return object;
  return { ...object, data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, mask(value)])) };
}

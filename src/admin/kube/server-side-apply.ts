import { isDeepStrictEqual } from "node:util";
import type { ManagedFields, StoredObject } from "../../resources/stored-object.ts";
import { isObject, type JsonObject } from "./body.ts";
import { mergePatch } from "./merge-patch.ts";

/** Which fields somebody applied, in Kubernetes' form: `{"f:spec": {"f:provider": {}}}`. Lists belong to one manager as a whole. */
type FieldTree = { readonly [field: string]: FieldTree };

function fieldsOf(value: unknown): FieldTree {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [`f:${key}`, fieldsOf(member)]));
}

/** The paths of the leaves. */
function leaves(tree: FieldTree, path: readonly string[] = []): readonly (readonly string[])[] {
  const entries = Object.entries(tree).filter(([key]) => key.startsWith("f:"));
  if (entries.length === 0) return path.length === 0 ? [] : [path];
  return entries.flatMap(([key, below]) => leaves(below, [...path, key.slice(2)]));
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, step) => (isObject(found) ? found[step] : undefined), value);
}

function removeAt(value: unknown, path: readonly string[]): unknown {
  const [step = "", ...rest] = path;
  if (!isObject(value) || !Object.hasOwn(value, step)) return value;
  const { [step]: member, ...others } = value;
  if (rest.length === 0) return others;
  const left = removeAt(member, rest);
  return isObject(left) && Object.keys(left).length === 0 && isObject(member) ? others : { ...others, [step]: left };
}

/** What a manager may own: not the envelope, nor the names. */
function ownable({ apiVersion: _a, kind: _k, status: _s, metadata, ...content }: JsonObject): JsonObject {
  const { labels, annotations } = isObject(metadata) ? metadata : {};
  const named = Object.entries({ labels, annotations }).filter(([, value]) => isObject(value));
  return { ...content, ...(named.length === 0 ? {} : { metadata: Object.fromEntries(named) }) };
}

const startsWith = (path: readonly string[], start: readonly string[]): boolean =>
  start.every((step, index) => path[index] === step);

/** What it takes to take a field over. */
export interface FieldConflict {
  readonly manager: string;
  readonly path: readonly string[];
}

export interface Applied {
  readonly object: JsonObject;
  /** Fields that another manager applied with another value; not empty = refuse, unless the client forces it. */
  readonly conflicts: readonly FieldConflict[];
}

export interface Applier {
  readonly manager: string;
  readonly apiVersion: string;
  readonly time: string;
}

/**
 * Server-side apply: what `manager` applied before and no longer names goes away unless another manager applied it too; what it names
 * becomes so and is its own from now on.
 */
export function serverSideApply(existing: StoredObject | undefined, applied: JsonObject, applier: Applier): Applied {
  const { manager } = applier;
  const wanted = ownable(applied);
  const tree = fieldsOf(wanted);
  const paths = leaves(tree);
  const entries = existing?.metadata.managedFields ?? [];
  const others = entries.filter((entry) => entry.manager !== manager);
  const othersLeaves = others.map((entry) => ({ entry, paths: leaves(entry.fieldsV1 as FieldTree) }));
  const conflicts = othersLeaves.flatMap(({ entry, paths: owned }) =>
    owned
      .filter((path) => paths.some((mine) => startsWith(mine, path) || startsWith(path, mine)))
      .filter((path) => !isDeepStrictEqual(at(existing, path), at(wanted, path)))
      .map((path) => ({ manager: entry.manager, path })),
  );
  const before = entries.find((entry) => entry.manager === manager);
  let object: unknown = existing ?? {};
  for (const path of before === undefined ? [] : leaves(before.fieldsV1 as FieldTree)) {
    const isNamed = paths.some((mine) => startsWith(mine, path));
    const isOthers = othersLeaves.some(({ paths: owned }) => owned.some((other) => startsWith(other, path)));
    if (!isNamed && !isOthers) object = removeAt(object, path);
  }
  const taken = new Set(conflicts.map(({ manager: owner, path }) => JSON.stringify([owner, path])));
  const left = others.flatMap((entry) => {
    let fields: unknown = entry.fieldsV1;
    for (const path of leaves(entry.fieldsV1 as FieldTree))
      if (taken.has(JSON.stringify([entry.manager, path])))
        fields = removeAt(
          fields,
          path.map((step) => `f:${step}`),
        );
    return Object.keys(fields as object).length === 0 ? [] : [{ ...entry, fieldsV1: fields as JsonObject }];
  });
  const isSame = before !== undefined && isDeepStrictEqual(before.fieldsV1, tree);
  const own: ManagedFields = isSame
    ? before
    : {
        manager,
        operation: "Apply",
        apiVersion: applier.apiVersion,
        time: applier.time,
        fieldsType: "FieldsV1",
        fieldsV1: tree,
      };
  const merged = mergePatch(object, wanted) as JsonObject;
  const metadata = isObject(merged["metadata"]) ? merged["metadata"] : {};
  return { object: { ...merged, metadata: { ...metadata, managedFields: [...left, own] } }, conflicts };
}

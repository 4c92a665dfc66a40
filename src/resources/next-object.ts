import { isDeepStrictEqual } from "node:util";
import type { ObjectKey, ObjectMetadata, StoredObject } from "./stored-object.ts";

/** What somebody wrote, with whatever metadata. */
export interface WrittenObject {
  readonly metadata?: unknown;
  readonly [member: string]: unknown;
}

export interface NextTools {
  readonly nowMs: () => number;
  readonly makeUid: () => string;
}

const ownMetadata = ["labels", "annotations", "managedFields"] as const;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Everything but the envelope. */
function contentOf({ apiVersion: _a, kind: _k, metadata: _m, status: _s, ...content }: WrittenObject): unknown {
  return content;
}

/** Kubernetes' times have no fractions. */
export function timestamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/**
 * The object that `written` becomes: its names, uid, times and counters are the server's (whatever was written there), its status is
 * the old one. The same as `existing` when nothing changed but the version that it was written in. The store gives the resourceVersion when it keeps it.
 */
export function nextObject(
  key: ObjectKey,
  apiVersion: string,
  written: WrittenObject,
  existing: StoredObject | undefined,
  tools: NextTools,
): StoredObject {
  const given = isRecord(written.metadata) ? written.metadata : {};
  const free = Object.fromEntries(
    ownMetadata.flatMap((name) => {
      const value = given[name];
      const empty = value === undefined || value === null || Object.keys(value).length === 0;
      return empty ? [] : [[name, value]];
    }),
  ) as Partial<ObjectMetadata>;
  const content = contentOf(written);
  const isSame = existing !== undefined && isDeepStrictEqual(contentOf(existing), content);
  const next: StoredObject = {
    apiVersion,
    kind: key.kind,
    metadata: {
      name: key.name,
      ...(key.namespace === "" ? {} : { namespace: key.namespace }),
      ...free,
      uid: existing?.metadata.uid ?? tools.makeUid(),
      resourceVersion: existing?.metadata.resourceVersion ?? "",
      generation: (existing?.metadata.generation ?? 0) + (isSame ? 0 : 1),
      creationTimestamp: existing?.metadata.creationTimestamp ?? timestamp(tools.nowMs()),
    },
    ...(content as object),
    ...(existing?.status === undefined ? {} : { status: existing.status }),
  };
  const isUnchanged =
    existing !== undefined && isDeepStrictEqual({ ...next, apiVersion: existing.apiVersion }, existing);
  return isUnchanged ? existing : next;
}

/** Names one object. `namespace` is "" for kinds without namespaces. */
export interface ObjectKey {
  /** "" for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Which manager last applied which fields, in Kubernetes' form. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: Readonly<Record<string, unknown>>;
}

/** `uid`, `resourceVersion`, `generation` and `creationTimestamp` are the store's; the rest was written by somebody. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid: string;
  /** Grows with every change of any object, also across restarts. */
  readonly resourceVersion: string;
  /** Grows when something else than metadata and status changes. */
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly managedFields?: readonly ManagedFields[] | undefined;
}

/** A resource as it is kept. `status` is made anew at every start and never on disk. */
export interface StoredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly status?: unknown;
  /** `spec`, or what the kind has instead. */
  readonly [member: string]: unknown;
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

export function keyOf({ apiVersion, kind, metadata }: StoredObject): ObjectKey {
  return { group: groupOf(apiVersion), kind, namespace: metadata.namespace ?? "", name: metadata.name };
}

/** One string for each key; no two keys have the same. */
export function keyText({ group, kind, namespace, name }: ObjectKey): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

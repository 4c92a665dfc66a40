import type { StoredObject } from "../../resources/stored-object.ts";
import { humanDuration } from "./human-duration.ts";
import type { ResourceType } from "./resource-type.ts";

interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  /** 1 = shown with `-o wide` only. */
  readonly priority: number;
  readonly value: (object: StoredObject, nowMs: number) => string | number;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

export function conditionsOf({ status }: StoredObject): readonly Condition[] {
  const { conditions } = (status ?? {}) as { readonly conditions?: readonly Condition[] };
  return conditions ?? [];
}

const size = (value: unknown): number => Object.keys(value ?? {}).length;
const name: Column = {
  name: "Name",
  type: "string",
  format: "name",
  priority: 0,
  value: ({ metadata }) => metadata.name,
};
const age: Column = {
  name: "Age",
  type: "string",
  priority: 0,
  value: ({ metadata }, nowMs) => humanDuration(nowMs - Date.parse(metadata.creationTimestamp)),
};
const condition = (type: string): Column => ({
  name: type,
  type: "string",
  priority: 1,
  value: (object) => conditionsOf(object).find((one) => one.type === type)?.status ?? "Unknown",
});
const column = (title: string, type: string, value: Column["value"]): Column => ({
  name: title,
  type,
  priority: 0,
  value,
});

const columnsOfCore: Readonly<Record<string, readonly Column[]>> = {
  Secret: [
    name,
    column("Type", "string", (object) => String(object["type"] ?? "Opaque")),
    column("Data", "integer", (object) => size(object["data"])),
    age,
  ],
  ConfigMap: [name, column("Data", "integer", (object) => size(object["data"]) + size(object["binaryData"])), age],
  Namespace: [name, column("Status", "string", () => "Active"), age],
};

const otherColumns = [name, age, condition("Accepted"), condition("ResolvedRefs"), condition("Programmed")];

/** What `kubectl get` prints of these objects. */
export function toTable(type: ResourceType, objects: readonly StoredObject[], version: string, nowMs: number): object {
  const columns = (type.group === "" ? columnsOfCore[type.kind] : undefined) ?? otherColumns;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: version },
    columnDefinitions: columns.map(({ name: title, type: kind, format = "", priority }) => ({
      name: title,
      type: kind,
      format,
      description: "",
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ value }) => value(object, nowMs)),
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
    })),
  };
}

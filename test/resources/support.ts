import type { ObjectKey, StoredObject } from "../../src/resources/stored-object.ts";

export const costKey: ObjectKey = { group: "g.dev", kind: "Cost", namespace: "ns", name: "c" };

/** An object as the store takes it. */
export function makeObject(name = "c", spec: unknown = { a: 1 }, namespace = "ns"): StoredObject {
  return {
    apiVersion: "g.dev/v1",
    kind: "Cost",
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: "",
      generation: 1,
      creationTimestamp: "2030-01-01T00:00:00Z",
    },
    spec,
  };
}

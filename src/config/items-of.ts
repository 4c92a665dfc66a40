import type { YamlDocument } from "./parse.ts";

/** A `List`, as `kubectl get -o yaml` prints it, is its items. */
export function itemsOf(document: YamlDocument): readonly YamlDocument[] {
  const { apiVersion, kind, items } = (document.value ?? {}) as {
    apiVersion?: unknown;
    kind?: unknown;
    items?: unknown;
  };
  if (apiVersion !== "v1" || kind !== "List" || !Array.isArray(items)) return [document];
  return items.map((value: unknown, index) => ({
    ...document,
    value,
    locate: (path, part) => document.locate(["items", index, ...path], part),
  }));
}

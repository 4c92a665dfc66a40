import type { ResourceKind } from "../xds/snapshot.ts";

const called: Readonly<Record<ResourceKind, string>> = {
  cluster: "a backend",
  listener: "the listener",
  route: "the routes",
};

/**
 * What Envoy says against resources, in words for the operator. Envoy names clusters; the part after the `@` of their names is ours
 * and no business of the reader, who knows backends.
 */
export function explainRefusal(kind: ResourceKind, reason: string): string {
  const backends = [...new Set([...reason.matchAll(/([\w.-]+\/[\w.-]+)@[0-9a-f]{12}/g)].map((match) => match[1]))];
  const what = backends.length === 0 ? called[kind] : `backend ${backends.join(", ")}`;
  const words = reason
    .replaceAll(/@[0-9a-f]{12}/g, "")
    .replaceAll(/\s*\n\s*/g, "; ")
    .trim();
  return `Envoy refuses ${what}: ${words}`;
}

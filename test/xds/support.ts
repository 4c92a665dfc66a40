import type { DiscoveryRequest, DiscoveryResponse } from "../../src/xds/messages.ts";
import { type ResourceKind, type Snapshot, typeUrlOf, type VersionedResources } from "../../src/xds/snapshot.ts";

/** Resources with these names. */
export function makeResources(version: string, ...names: readonly string[]): VersionedResources {
  const resource = { type_url: "any", value: new Uint8Array(0) };
  return { version, resources: new Map(names.map((name) => [name, { ...resource, value: Buffer.from(name) }])) };
}

export function makeSnapshot(versions: Partial<Record<ResourceKind, string>>): Snapshot {
  const { cluster = "c1", listener = "l1", route = "r1" } = versions;
  return {
    cluster: makeResources(cluster, "a", "b"),
    listener: makeResources(listener, "ai"),
    route: makeResources(route, "ai"),
  };
}

/** The names of what a response carries. */
export function namesIn(response: DiscoveryResponse | undefined): string[] | undefined {
  return response?.resources.map(({ value }) => Buffer.from(value).toString());
}

export function subscribe(kind: ResourceKind, ...names: readonly string[]): DiscoveryRequest {
  return { type_url: typeUrlOf(kind), resource_names: names };
}

/** What Envoy says to a response; with a reason: that it refuses it. */
export function answer(response: DiscoveryResponse | undefined, reason?: string, ...names: string[]): DiscoveryRequest {
  if (response === undefined) throw new Error("there is no response");
  return {
    type_url: response.type_url,
    resource_names: names,
    response_nonce: response.nonce,
    ...(reason === undefined ? { version_info: response.version_info } : { error_detail: { message: reason } }),
  };
}

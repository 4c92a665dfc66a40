import type { EncodedResource } from "./messages.ts";

/** The kinds of resources that Envoy gets, in the order in which they are sent: what is referred to comes first. */
export const resourceKinds = ["cluster", "listener", "route"] as const;
export type ResourceKind = (typeof resourceKinds)[number];

const messages: Readonly<Record<ResourceKind, string>> = {
  cluster: "envoy.config.cluster.v3.Cluster",
  listener: "envoy.config.listener.v3.Listener",
  route: "envoy.config.route.v3.RouteConfiguration",
};

/** Files of the vendored protos that describe them. */
export const resourceProtos: readonly string[] = [
  "envoy/config/cluster/v3/cluster.proto",
  "envoy/config/listener/v3/listener.proto",
  "envoy/config/route/v3/route.proto",
];

export function typeUrlOf(kind: ResourceKind): string {
  return `type.googleapis.com/${messages[kind]}`;
}

export function kindOf(typeUrl: string): ResourceKind | undefined {
  return resourceKinds.find((kind) => typeUrlOf(kind) === typeUrl);
}

/** All resources of one kind. */
export interface VersionedResources {
  /** A hash of what is in it: the same content has the same version, also after a restart. */
  readonly version: string;
  readonly resources: ReadonlyMap<string, EncodedResource>;
}

/** Everything that Envoy is to have. */
export type Snapshot = Readonly<Record<ResourceKind, VersionedResources>>;

/** A resource in Envoy's JSON. */
export type RenderedResource = Readonly<Record<string, unknown>>;
export type RenderedSnapshot = Readonly<Record<ResourceKind, ReadonlyMap<string, RenderedResource>>>;

export interface SnapshotTools {
  /** @throws Error that names the place of what does not belong there */
  readonly encode: (messageName: string, resource: RenderedResource) => Uint8Array;
  /** A short hash of JSON. */
  readonly hash: (value: unknown) => string;
}

/** Makes snapshots. What was encoded before is not encoded again as long as it is the same object. */
export class SnapshotMaker {
  readonly #tools: SnapshotTools;
  readonly #encoded = new WeakMap<RenderedResource, EncodedResource>();

  constructor(tools: SnapshotTools) {
    this.#tools = tools;
  }

  make(rendered: RenderedSnapshot): Snapshot {
    return {
      cluster: this.#versioned("cluster", rendered.cluster),
      listener: this.#versioned("listener", rendered.listener),
      route: this.#versioned("route", rendered.route),
    };
  }

  #versioned(kind: ResourceKind, rendered: ReadonlyMap<string, RenderedResource>): VersionedResources {
    const sorted = [...rendered].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      version: this.#tools.hash(sorted),
      resources: new Map(sorted.map(([name, resource]) => [name, this.#encode(kind, resource)])),
    };
  }

  #encode(kind: ResourceKind, resource: RenderedResource): EncodedResource {
    const known = this.#encoded.get(resource);
    if (known !== undefined) return known;
    const encoded = { type_url: typeUrlOf(kind), value: this.#tools.encode(messages[kind], resource) };
    this.#encoded.set(resource, encoded);
    return encoded;
  }
}

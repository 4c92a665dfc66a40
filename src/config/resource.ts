import type { KindDefinition } from "./kind-definition.ts";
import type { Source } from "./report.ts";

/** A resource whose structure was checked. `body` is everything but `apiVersion`, `kind`, `metadata` and `status`. */
export interface Resource<Body> extends Source {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `<namespace>/<name>`. */
  readonly id: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; undefined when no API server has seen it. */
  readonly createdMs: number | undefined;
  readonly body: Body;
  /** As it was written, for hashes. */
  readonly raw: unknown;
  readonly expandEnv: boolean;
}

/** The resources of a kind: `ResourceOf<typeof aiBackend>`. */
export type ResourceOf<Definition> = Definition extends KindDefinition<infer Body> ? Resource<Body> : never;

/** All resources of a load by kind. Those that were refused are remembered by name, so that references to them are no second problem. */
export class ResourceSet {
  readonly #byKind = new Map<KindDefinition<unknown>, Map<string, Resource<unknown>>>();
  readonly #refused = new Set<string>();

  /** The one that has this name already, if any; else the resource is added. */
  add(definition: KindDefinition<unknown>, resource: Resource<unknown>): Resource<unknown> | undefined {
    const members = this.#byKind.get(definition) ?? new Map<string, Resource<unknown>>();
    this.#byKind.set(definition, members);
    const earlier = members.get(resource.id);
    if (earlier === undefined) members.set(resource.id, resource);
    return earlier;
  }

  refuse(kind: string, name: string): void {
    this.#refused.add(`${kind} ${name}`);
  }

  /** A resource of this kind and name was written, in whatever namespace, and refused. */
  isRefused(kind: string, name: string): boolean {
    return this.#refused.has(`${kind} ${name}`);
  }

  /** Sorted by id, so that nothing depends on the order of files. */
  all<Body>(definition: KindDefinition<Body>): readonly Resource<Body>[] {
    const members = this.#byKind.get(definition) as ReadonlyMap<string, Resource<Body>> | undefined;
    return [...(members?.values() ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get<Body>(definition: KindDefinition<Body>, id: string): Resource<Body> | undefined {
    return this.#byKind.get(definition)?.get(id) as Resource<Body> | undefined;
  }
}

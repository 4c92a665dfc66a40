import { Secret } from "../../core/auth.ts";
import type { Backend } from "../../core/runtime-config.ts";
import { contentHash } from "../content-hash.ts";
import { kinds } from "../dialects/kinds.ts";
import type { ResourceSet } from "../resource.ts";

/** Secrets are hashed by their value; the hash is one-way and cut short. */
const authOf = ({ auth }: Backend): unknown =>
  Object.entries(auth).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Secret ? value.reveal() : value,
  ]);

/** Changes iff a resource, a credential or an address does; comments and the order of files do not count. */
export function compileVersion(resources: ResourceSet, backends: ReadonlyMap<string, Backend>): string {
  const written = kinds.flatMap((kind) =>
    resources.all(kind).map(({ kind: name, id, annotations, raw }) => [name, id, annotations, raw]),
  );
  const derived = [...backends.values()].map((backend) => [
    backend.id,
    backend.endpoint,
    backend.unusable,
    authOf(backend),
  ]);
  return contentHash([written, derived]);
}

import type { Path } from "./diagnostics.ts";
import { tollgateConfig } from "./dialects/tollgate/tollgate-config.ts";
import type { ResourceSet } from "./resource.ts";

/** `file:line` where the TollgateConfig says the setting at this path of its `spec`; undefined = it says nothing of it. */
export type WhereSet = (path: Path) => string | undefined;

/** Finds settings in the TollgateConfig of these resources. */
export function whereSet(resources: ResourceSet): WhereSet {
  const [resource] = resources.all(tollgateConfig);
  return (path) => {
    let value: unknown = resource?.body.spec;
    for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step];
    if (resource === undefined || value === undefined) return undefined;
    return `${resource.file}:${resource.locate(["spec", ...path]).line}`;
  };
}

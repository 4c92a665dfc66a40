import { isObject } from "./body.ts";

/** RFC 7396: null removes, maps are merged, everything else takes the old value's place. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = { ...(isObject(target) ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (key === "__proto__") continue; // no member, but what objects inherit from
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** Kubernetes' own patch form, for the kinds that have only plain maps: its directives say what merging does anyway. */
export function strategicPatch(target: unknown, patch: unknown): unknown {
  return mergePatch(target, withoutDirectives(patch));
}

function withoutDirectives(patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const kept = Object.entries(patch).filter(([key]) => !key.startsWith("$"));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutDirectives(value)]));
}

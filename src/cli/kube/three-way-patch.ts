import { isDeepStrictEqual } from "node:util";

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What was applied the last time is written here, so that a field that is no longer applied can go. */
export const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** What to change in `current` for `modified`, and what `original` had and `modified` has no more; empty = nothing. */
function difference(original: unknown, modified: Json, current: unknown): Json {
  const before = isObject(original) ? original : {};
  const now = isObject(current) ? current : {};
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before))
    if (!Object.hasOwn(modified, key) && Object.hasOwn(now, key)) patch[key] = null;
  for (const [key, value] of Object.entries(modified)) {
    if (isObject(value) && isObject(now[key])) {
      const inner = difference(before[key], value, now[key]);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!isDeepStrictEqual(value, now[key])) patch[key] = value;
  }
  return patch;
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sorted(member)]));
}

/** JSON byte for byte as kubectl writes it, so that neither sees a change where the other one applied the same. */
function noteOf(object: Json): string {
  const escaped = JSON.stringify(sorted(object)).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${escaped}\n`;
}

/** An object with the note of what it says. */
export function annotated(object: Json): Json {
  const { annotations, ...metadata } = isObject(object["metadata"]) ? object["metadata"] : {};
  const { [lastApplied]: _, ...others } = isObject(annotations) ? annotations : {};
  const plain = { ...object, metadata: { ...metadata, annotations: others } };
  return {
    ...plain,
    metadata: { ...metadata, annotations: { ...others, [lastApplied]: noteOf(plain) } },
  };
}

/**
 * The merge patch that brings an object to what a file says, as `kubectl apply` makes it: fields that somebody else set stay, fields that
 * the file had when it was applied the last time and has no more go.
 */
export function threeWayPatch(
  wanted: Json,
  current: Json & { readonly metadata: { readonly annotations?: Json | undefined } },
): Json {
  const note = current.metadata.annotations?.[lastApplied];
  return difference(parsed(typeof note === "string" ? note : undefined), wanted, current);
}

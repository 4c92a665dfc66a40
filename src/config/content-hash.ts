import { createHash } from "node:crypto";

/** JSON with sorted keys; members that are undefined are left out. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((element) => canonical(element ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}

/** A short hash of JSON values that does not depend on the order of keys. 12 hexadecimal digits. */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex").slice(0, 12);
}

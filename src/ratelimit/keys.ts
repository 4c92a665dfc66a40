import type { LimitUnit } from "../core/runtime-config.ts";

/**
 * The key of a counter. Every part is length-prefixed, so that ("a_b", "c") and ("a", "b_c") differ (limits.md L15). Rule and
 * account stand in a Redis Cluster hash tag; braces in them are escaped so that the tag ends where it should.
 */
export function counterKey(
  ruleId: string,
  account: string,
  unit: LimitUnit,
  timeZone: string,
  windowStartMs: number,
): string {
  const tag = [ruleId, account].map((part) => `${part.length}:${part}`).join("|");
  return `tollgate:limit:{${tag.replace(/[{}%]/g, encodeURIComponent)}}:${unit}:${timeZone}:${windowStartMs}`;
}

/** The key under which a call's answer is kept, so that a repetition counts once (L19). */
export function callKey(id: string): string {
  return `tollgate:call:${id}`;
}

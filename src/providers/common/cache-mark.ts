import { RawJson } from "../../lib/raw-json.ts";
import { optionalObject, optionalString } from "./guards.ts";
import type { JsonView } from "./json-view.ts";

/** A cache mark that a client put on a part, a message or a tool. */
export interface CacheMark {
  /** As Anthropic spells it, copied from the client. */
  readonly raw: RawJson;
  readonly ttl: string | undefined;
}

/** The members that `readCacheMark` reads. */
export const cacheMarkMembers = ["cache_control", "prompt_cache_breakpoint"] as const;

const ephemeral = new RawJson('{"type":"ephemeral"}');

/** The cache mark of a part, message or tool: its `cache_control`, else what `prompt_cache_breakpoint` stands for (R91, R92). */
export function readCacheMark(owner: JsonView): CacheMark | undefined {
  const control = optionalObject(owner.member("cache_control"));
  if (control !== undefined) return { raw: control.raw, ttl: optionalString(control.member("ttl")) };
  const breakpoint = owner.member("prompt_cache_breakpoint");
  return breakpoint.told && breakpoint.value !== false ? { raw: ephemeral, ttl: undefined } : undefined;
}

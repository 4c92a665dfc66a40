import type { CacheMark } from "../common/cache-mark.ts";
import type { Block } from "./convert-part.ts";

/** What a cache mark becomes: a block of its own after the one that was marked (R91). None without a mark. */
export function cachePoint(mark: CacheMark | undefined): readonly Block[] {
  return mark === undefined ? [] : [{ cachePoint: { type: "default", ttl: mark.ttl } }];
}

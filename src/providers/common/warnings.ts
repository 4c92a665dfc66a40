import type { JsonView } from "./json-view.ts";

/** Codes of `x-ai-gateway-warnings` (translation.md §5.4). `dropped:<name>` is made by `Warnings.dropped`. */
export type WarningCode =
  | "temperature_clamped"
  | "max_tokens_defaulted"
  | "system_message_hoisted"
  | "foreign_thinking_dropped"
  | "unsigned_thinking_dropped"
  | "tool_arguments_wrapped"
  | "tool_ids_rewritten"
  | "tools_synthesized"
  | "tool_choice_none_not_enforced"
  | "tool_type_inserted"
  | "json_object_not_enforced"
  | "effort_lowered"
  | "tool_result_image_moved"
  | "user_id_hashed";

const maxCodes = 32;
const maxCodeLength = 64;

/** Collects what was changed or dropped: order of detection, no duplicates, at most 32 codes. */
export class Warnings {
  readonly #codes = new Set<string>();

  add(code: WarningCode): void {
    this.#put(code);
  }

  /** A member of the request is not sent. Its name is made harmless for a header first (R169). */
  dropped(name: string): void {
    // lower case of some characters outside ASCII is longer or ASCII; replace them first
    const safe = name.replace(/[^A-Za-z0-9_.:[\]-]/g, "_").toLowerCase();
    this.#put(`dropped:${safe}`.slice(0, maxCodeLength));
  }

  /**
   * Reports every non-null member of `object` that is not in `known`, but for those that equal the API's default (R64).
   * Empty lists and empty objects always count as default.
   */
  droppedUnless(object: JsonView, known: ReadonlySet<string>, defaults: Readonly<Record<string, unknown>> = {}): void {
    for (const name of object.names) {
      if (known.has(name)) continue;
      const value = object.member(name).value;
      if (value === null || isEmpty(value)) continue;
      if (Object.hasOwn(defaults, name) && JSON.stringify(defaults[name]) === JSON.stringify(value)) continue;
      this.dropped(name);
    }
  }

  get codes(): readonly string[] {
    return [...this.#codes];
  }

  #put(code: string): void {
    if (this.#codes.size < maxCodes) this.#codes.add(code);
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

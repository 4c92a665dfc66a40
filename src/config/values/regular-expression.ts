import type { z } from "zod";

/** A pattern that matches whole values, as Envoy's do, and its text as it was written. */
export interface Pattern {
  readonly source: string;
  readonly pattern: RegExp;
}

/** What JavaScript has and RE2, which Envoy uses, has not; undefined when there is none of it. */
function notInRe2(source: string): string | undefined {
  let inClass = false;
  for (let index = 0; index < source.length; index++) {
    const character = source[index];
    if (character === "\\") {
      index++;
      if (!inClass && /[1-9]|k/.test(source[index] ?? "")) return "a backreference";
    } else if (inClass) inClass = character !== "]";
    else if (character === "[") inClass = true;
    else if (/^\(\?(=|!|<=|<!)/.test(source.slice(index, index + 4))) return "a lookaround";
  }
  return undefined;
}

/** Compiles an RE2 pattern so that it matches whole values. Leading flags `(?i)`, `(?s)` and `(?P<name>` groups are understood. */
export function compilePattern(source: string): Pattern | { readonly error: string } {
  const foreign = notInRe2(source);
  if (foreign !== undefined) return { error: `has ${foreign}, which RE2 does not have` };
  const flags = /^\(\?([is]+)\)/.exec(source);
  const rest = (flags === null ? source : source.slice(flags[0].length)).replaceAll("(?P<", "(?<");
  try {
    return { source, pattern: new RegExp(`^(?:${rest})$`, [...new Set(flags?.[1] ?? "")].join("")) };
  } catch (error) {
    const reason = (error as Error).message.split(": ").at(-1) ?? "";
    return { error: `is not a regular expression: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}` };
  }
}

/** For `superRefine` on maps with `type` and `value`: reports a bad pattern at `value`. */
export function checkPattern(source: string, context: z.core.$RefinementCtx): void {
  const compiled = compilePattern(source);
  if ("error" in compiled)
    context.addIssue({ code: "custom", path: ["value"], message: `${JSON.stringify(source)} ${compiled.error}` });
}

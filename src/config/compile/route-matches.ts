import type { HeaderMatch } from "../../core/runtime-config.ts";
import { compilePattern } from "../values/regular-expression.ts";

/** The header that stands for the resolved model (resources.md §2). */
export const modelHeader = "x-ai-eg-model";

interface Written {
  readonly headers?:
    | readonly {
        readonly name: string;
        readonly value: string;
        readonly type?: "Exact" | "RegularExpression" | undefined;
      }[]
    | undefined;
}

/** Header matches with names in lower case. A match without headers matches everything. */
export function compileMatches(matches: readonly Written[]): readonly (readonly HeaderMatch[])[] {
  return matches.map(({ headers = [] }) =>
    headers.map(({ name: written, value, type = "Exact" }): HeaderMatch => {
      const name = written.toLowerCase();
      const compiled = type === "RegularExpression" ? compilePattern(value) : undefined;
      // the schema has refused what does not compile
      return compiled === undefined || "error" in compiled
        ? { type: "Exact", name, value }
        : { type: "RegularExpression", name, ...compiled };
    }),
  );
}

/** Whether a match lets this model pass, whatever else it asks for. */
export function acceptsModel(match: readonly HeaderMatch[], model: string): boolean {
  return match.every(
    (header) =>
      header.name !== modelHeader || (header.type === "Exact" ? header.value === model : header.pattern.test(model)),
  );
}

import type { BudgetMatch } from "../../core/budget.ts";
import type { budget } from "../dialects/tollgate/budget.ts";
import type { ResourceOf } from "../resource.ts";
import type { CompileContext } from "./context.ts";
import { modelHeader } from "./route-matches.ts";

type Budget = ResourceOf<typeof budget>;

/** Whether a model is the one of a match, or begins like it before its `*`. */
export function matchesModel(pattern: string, model: string): boolean {
  return pattern.endsWith("*") ? model.startsWith(pattern.slice(0, -1)) : model === pattern;
}

function excludes(a: BudgetMatch, b: BudgetMatch): boolean {
  if (a.kind === "header") return b.kind === "header" && a.name === b.name && a.value !== b.value;
  return b.kind === "model" && !matchesModel(a.model, b.model) && !matchesModel(b.model, a.model);
}

/**
 * A budget's match; the header that stands for the model becomes one on the model. Entries are ANDed: two that exclude each other were
 * meant as alternatives, and the budget would limit nothing.
 */
export function compileBudgetMatch({ report }: CompileContext, resource: Budget): readonly BudgetMatch[] {
  const match = (resource.body.spec.match ?? []).map(({ header, value = "", model = "" }): BudgetMatch => {
    if (header === undefined) return { kind: "model", model };
    const name = header.toLowerCase();
    return name === modelHeader ? { kind: "model", model: value } : { kind: "header", name, value };
  });
  for (const [index, entry] of match.entries()) {
    const earlier = match.slice(0, index).findIndex((other) => excludes(other, entry));
    if (earlier === -1) continue;
    const message = `no request matches this and match[${earlier}], and a request must match all; write a Budget for each`;
    report.error(resource, ["spec", "match", index], message);
  }
  return match;
}

import type { z } from "zod";
import type { Path } from "./diagnostics.ts";
import { renderPath } from "./diagnostics.ts";
import { explainIssue, knownFields } from "./explain-issue.ts";
import type { Envelope, KindDefinition } from "./kind-definition.ts";
import { suggestion } from "./nearest.ts";
import type { YamlDocument } from "./parse.ts";
import type { Report } from "./report.ts";

/** The document as its kind describes it; undefined when it was refused, with every reason in the report. */
export function checkStructure<Body>(
  definition: KindDefinition<Body>,
  document: YamlDocument,
  report: Report,
): (Body & Envelope) | undefined {
  return checkSchema(definition.schema, document, report);
}

/** As `checkStructure`, for documents that are no resources. */
export function checkSchema<T>(schema: z.ZodType<T>, document: YamlDocument, report: Report): T | undefined {
  const fields = new Map<string, readonly string[]>();
  const result = schema.safeParse(document.value, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") fields.set(renderPath((issue.path ?? []) as Path), knownFields(issue));
      return explainIssue(issue);
    },
  });
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const path = issue.path as Path;
    if (issue.code !== "unrecognized_keys") report.error(document, path, issue.message);
    else {
      const known = fields.get(renderPath(path)) ?? [];
      for (const key of issue.keys)
        report.add(
          "error",
          document,
          [...path, key],
          `unknown field${suggestion(key, known) || fieldList(known)}`,
          "key",
        );
    }
  }
  return undefined;
}

function fieldList(known: readonly string[]): string {
  return known.length === 0 || known.length > 12 ? "" : `; the fields here are ${known.join(", ")}`;
}

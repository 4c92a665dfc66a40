import { checkStructure } from "../../config/check-structure.ts";
import { type Path, renderPath } from "../../config/diagnostics.ts";
import type { KindDefinition } from "../../config/kind-definition.ts";
import { Report } from "../../config/report.ts";
import { isObject, type JsonObject } from "./body.ts";

/** A field that the kind does not have; `message` as `validate` says it. */
export interface UnknownField {
  readonly path: Path;
  readonly message: string;
}

/** Every field that the kind does not have. */
export function unknownFields(definition: KindDefinition<unknown>, value: JsonObject): readonly UnknownField[] {
  const result = definition.schema.safeParse(value);
  if (result.success) return [];
  const issues = result.error.issues.filter((issue) => issue.code === "unrecognized_keys");
  const paths = issues.flatMap(({ path, keys }) => keys.map((key) => [...(path as Path), key]));
  const report = new Report(false);
  const nowhere = () => ({ line: 1, column: 1 });
  checkStructure(definition, { file: "", value, expandEnv: false, locate: nowhere }, report);
  const messages = new Map(report.diagnostics.map(({ path, message }) => [renderPath(path), message]));
  return paths.map((path) => ({ path, message: messages.get(renderPath(path)) ?? "unknown field" }));
}

/** The same without what is at `path`. */
export function withoutField(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return value;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === step ? withoutField(item, rest) : item));
  if (!isObject(value)) return value;
  const { [step]: member, ...others } = value;
  return rest.length === 0 ? others : { ...others, [step]: withoutField(member, rest) };
}

import type { StoredObject } from "../../resources/stored-object.ts";
import { badRequest } from "./status.ts";

export type Selects = (object: StoredObject) => boolean;

const labelSet = /^([\w./-]+)\s+(in|notin)\s+\(([^()]*)\)$/;
const labelEquals = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/;
const labelExists = /^(!?)\s*([\w./-]+)$/;

/** Splits at the commas that are outside of parentheses. */
function parts(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function labelRequirement(part: string): Selects {
  const labelOf = (object: StoredObject, key: string): string | undefined => object.metadata.labels?.[key];
  const [, setKey = "", operator, list = ""] = labelSet.exec(part) ?? [];
  if (operator !== undefined) {
    const values = new Set(list.split(",").map((value) => value.trim()));
    return (object) => {
      const label = labelOf(object, setKey);
      return operator === "in" ? label !== undefined && values.has(label) : label === undefined || !values.has(label);
    };
  }
  const [, key = "", sign, value] = labelEquals.exec(part) ?? [];
  if (sign !== undefined) return (object) => (labelOf(object, key) === value) === (sign !== "!=");
  const [, not, wanted] = labelExists.exec(part) ?? [];
  if (wanted === undefined) throw badRequest(`unable to parse the label selector ${JSON.stringify(part)}`);
  return (object) => (labelOf(object, wanted) === undefined) === (not === "!");
}

const fields: Readonly<Record<string, (object: StoredObject) => string>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
  type: (object) => String(object["type"] ?? ""),
};

function fieldRequirement(part: string): Selects {
  const [, field = "", sign, value] = /^([\w.]+)(==|=|!=)(.*)$/.exec(part) ?? [];
  const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (read === undefined)
    throw badRequest(`field label not supported: ${field || part}; there are ${Object.keys(fields).join(", ")}`);
  return (object) => (read(object) === value) === (sign !== "!=");
}

/** `labelSelector` and `fieldSelector` of a list or a watch. @throws KubeError when they cannot be read */
export function parseSelectors(query: URLSearchParams): Selects {
  const requirements = [
    ...parts(query.get("labelSelector") ?? "").map(labelRequirement),
    ...parts(query.get("fieldSelector") ?? "").map(fieldRequirement),
  ];
  return (object) => requirements.every((selects) => selects(object));
}

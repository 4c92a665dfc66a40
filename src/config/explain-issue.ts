import type { z } from "zod";
import { suggestion } from "./nearest.ts";

type Issue = z.core.$ZodRawIssue;

const words: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function typeName(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return words[typeof value] ?? typeof value;
}

function quoteHint(expected: string, input: unknown): string {
  return expected === "string" && (typeof input === "number" || typeof input === "boolean") ? "; put it in quotes" : "";
}

function bounds(issue: Extract<Issue, { code: "too_small" | "too_big" }>): string {
  const small = issue.code === "too_small";
  const bound = String(issue.code === "too_small" ? issue.minimum : issue.maximum);
  const side = small ? "at least" : "at most";
  if (issue.origin === "array") return `must have ${side} ${bound} item${bound === "1" ? "" : "s"}`;
  if (issue.origin === "string")
    return bound === "1" && small ? "must not be empty" : `must have ${side} ${bound} characters`;
  return `must be ${side} ${bound}`;
}

/** What is wrong, in words that say what to do. Values are shown only where a fixed word is expected, so never a secret. */
export function explainIssue(issue: Issue): string | undefined {
  if (issue.code === "invalid_type") return explainType(issue);
  if (issue.code === "invalid_value") return explainValue(issue);
  if (issue.code === "too_small" || issue.code === "too_big") return bounds(issue);
  return undefined;
}

function explainType(issue: Extract<Issue, { code: "invalid_type" }>): string {
  const expected = words[issue.expected] ?? issue.expected;
  if (issue.input === undefined) return `is required: ${expected}`;
  if (issue.expected === "int") return "must be a whole number";
  return `must be ${expected}, not ${typeName(issue.input)}${quoteHint(issue.expected, issue.input)}`;
}

function explainValue(issue: Extract<Issue, { code: "invalid_value" }>): string {
  const allowed = issue.values.map(String);
  if (issue.input === undefined) return `is required: one of ${allowed.join(", ")}`;
  const near = typeof issue.input === "string" ? suggestion(issue.input, allowed) : "";
  return `${JSON.stringify(issue.input)} is not one of ${allowed.join(", ")}${near}`;
}

/** The fields that the map of an `unrecognized_keys` issue may have. */
export function knownFields(issue: Issue): readonly string[] {
  const { inst } = issue as { inst?: { _zod?: { def?: { shape?: object } } } };
  return Object.keys(inst?._zod?.def?.shape ?? {});
}

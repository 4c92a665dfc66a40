import { isJsonObject } from "../../lib/json-scanner.ts";
import { type JsonOut, RawJson } from "../../lib/raw-json.ts";
import type { Warnings } from "./warnings.ts";

/** A `\uD800`–`\uDFFF` without its partner. */
const loneSurrogates = /\p{Surrogate}/gu;

/**
 * A call's `arguments` text as the JSON object that providers want: spliced byte for byte (R73); blank becomes `{}`; what is
 * not a JSON object is wrapped and reported (R75), so that an invalid call in the history does not end the conversation.
 */
export function toolInput(argumentsText: string, warnings: Warnings): JsonOut {
  if (argumentsText.trim() === "") return {};
  if (isJsonObject(argumentsText)) return new RawJson(argumentsText.replace(loneSurrogates, escapeCodeUnit).trim());
  warnings.add("tool_arguments_wrapped");
  return { _invalid_arguments: argumentsText };
}

/** Such a code unit cannot be written as UTF-8; inside a JSON string its escape means the same. */
function escapeCodeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

import { asObject } from "../common/parse-json.ts";

/**
 * Characters of model output in one choice's `delta` or `message`: text, reasoning, refusal, tool arguments. What every
 * provider adds to them (names, ids) is not output.
 */
export function outputCharacters(output: unknown): number {
  const members = asObject(output);
  if (members === undefined) return 0;
  let characters = length(members["content"]) + length(members["refusal"]);
  // compatible servers use one of the two names, some send both
  characters += Math.max(length(members["reasoning_content"]), length(members["reasoning"]));
  characters += length(asObject(members["function_call"])?.["arguments"]);
  const calls = members["tool_calls"];
  if (Array.isArray(calls)) {
    for (const call of calls) characters += callCharacters(asObject(call));
  }
  return characters;
}

function callCharacters(call: Readonly<Record<string, unknown>> | undefined): number {
  return length(asObject(call?.["function"])?.["arguments"]) + length(asObject(call?.["custom"])?.["input"]);
}

function length(value: unknown): number {
  return typeof value === "string" ? value.length : 0;
}

import { asObject } from "../parse-json.ts";

/**
 * UTF-8 bytes of model output in one choice's `delta` or `message`: text, reasoning, refusal, tool arguments. What every
 * provider adds to them (names, ids) is not output.
 */
export function outputBytes(output: unknown): number {
  const members = asObject(output);
  if (members === undefined) return 0;
  let bytes = byteLength(members["content"]) + byteLength(members["refusal"]);
  // compatible servers use one of the two names, some send both
  bytes += Math.max(byteLength(members["reasoning_content"]), byteLength(members["reasoning"]));
  bytes += byteLength(asObject(members["function_call"])?.["arguments"]);
  const calls = members["tool_calls"];
  if (Array.isArray(calls)) {
    for (const call of calls) bytes += callBytes(asObject(call));
  }
  return bytes;
}

function callBytes(call: Readonly<Record<string, unknown>> | undefined): number {
  return byteLength(asObject(call?.["function"])?.["arguments"]) + byteLength(asObject(call?.["custom"])?.["input"]);
}

function byteLength(value: unknown): number {
  return typeof value === "string" ? Buffer.byteLength(value) : 0;
}

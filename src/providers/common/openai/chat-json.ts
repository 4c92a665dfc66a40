import type { Translated } from "../../../core/translator.ts";
import type { TokenUsage } from "../../../core/usage.ts";
import { GatewayError } from "../../../lib/errors.ts";
import { type JsonMember, type JsonRange, lastMember, scanObject } from "../../../lib/json-scanner.ts";
import { withServiceTier } from "../merge-usage.ts";
import { openaiErrorIn } from "../openai-errors.ts";
import { asObject, parseJson } from "../parse-json.ts";
import { readServiceTier } from "../service-tier.ts";
import { outputBytes } from "./output-bytes.ts";
import { chatUsage } from "./usage.ts";

const OPEN_BRACKET = 0x5b;

/** What a complete chat answer tells. @throws GatewayError `bad_upstream_json` */
export function readChatJson(json: Uint8Array): Omit<Translated, "body"> {
  const members = answerMembers(json);
  const notes: string[] = [];
  const note = (name: string): void => void notes.push(name);
  const counted: TokenUsage | undefined = chatUsage(parsedValue(json, lastMember(members, "usage")), note);
  const tier = readServiceTier(parsedValue(json, lastMember(members, "service_tier")), note);
  const usage = withServiceTier(counted, tier);
  const model = parsedValue(json, lastMember(members, "model"));
  const told = { usage, model: typeof model === "string" && model !== "" ? model : undefined, notes };
  const choices = lastMember(members, "choices");
  if (choices !== undefined && json[choices.start] === OPEN_BRACKET) {
    return { ...told, outputBytes: choicesBytes(parsedValue(json, choices)) };
  }
  const failure =
    openaiErrorIn({ error: parsedValue(json, lastMember(members, "error")) }) ??
    new GatewayError("bad_upstream_json", "the provider's answer has no choices");
  return { ...told, failure };
}

/** @throws GatewayError `bad_upstream_json` */
function answerMembers(json: Uint8Array): readonly JsonMember[] {
  let members: JsonMember[] | undefined;
  try {
    members = scanObject(json);
  } catch (cause) {
    throw new GatewayError("bad_upstream_json", "the provider's answer is not valid JSON", { cause });
  }
  if (members === undefined) throw new GatewayError("bad_upstream_json", "the provider's answer is not a JSON object");
  return members;
}

function parsedValue(json: Uint8Array, range: JsonRange | undefined): unknown {
  return range === undefined ? undefined : parseJson(json.subarray(range.start, range.end));
}

function choicesBytes(choices: unknown): number {
  if (!Array.isArray(choices)) return 0;
  return choices.reduce((sum: number, choice) => sum + outputBytes(asObject(choice)?.["message"]), 0);
}

import type { BackendOptions } from "../../core/translator.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import { type ChatRequest, chatRequestDefaults, chatRequestMembers } from "../common/chat-request.ts";
import { optionalObject } from "../common/guards.ts";
import type { ResponseFormat } from "../common/response-format.ts";
import { prepareSampling } from "../common/sampling.ts";
import type { Warnings } from "../common/warnings.ts";
import { convertToConverseMessages } from "./convert-to-converse-messages.ts";
import { prepareThinking } from "./prepare-thinking.ts";
import { prepareTools } from "./prepare-tools.ts";

type Members = { readonly [member: string]: JsonOut };

const known = new Set([...chatRequestMembers, "metadata"]);
const serviceTiers = new Set(["default", "flex", "priority"]);

/**
 * The body of a Converse request (translation.md §6.3), and the most output tokens that it asks for if it names a maximum; the
 * model and whether to stream are told in the path.
 */
export function convertToConverseRequest(
  chat: ChatRequest,
  options: BackendOptions,
  schema: string,
  warnings: Warnings,
): { readonly members: Members; readonly maxTokens: number | undefined } {
  const { system, messages } = convertToConverseMessages(chat.messages, { schema, warnings });
  const { maxTokens, modelFields, effort } = prepareThinking(chat, options, warnings);
  const { temperature, topP, topK } = prepareSampling(chat, options.samplingParams === "drop", warnings);
  const request = {
    messages,
    system: system.length > 0 ? system : undefined,
    inferenceConfig: unlessEmpty({
      maxTokens,
      temperature,
      topP,
      stopSequences: chat.stop.length > 0 ? chat.stop : undefined,
    }),
    toolConfig: prepareTools(chat, warnings),
    additionalModelRequestFields: unlessEmpty({ top_k: topK, ...modelFields }),
    outputConfig: unlessEmpty({ effort, textFormat: prepareTextFormat(chat.responseFormat, warnings) }),
    serviceTier: prepareServiceTier(chat.serviceTier, warnings),
    requestMetadata: prepareMetadata(chat, warnings),
  };
  warnings.droppedUnless(chat.body, known, chatRequestDefaults);
  return { members: request, maxTokens };
}

function unlessEmpty(object: Members): Members | undefined {
  return Object.values(object).some((value) => value !== undefined) ? object : undefined;
}

/** The schema travels as a string that holds the client's text (R74, R93). */
function prepareTextFormat(format: ResponseFormat, warnings: Warnings): JsonOut {
  if (format.type === "json_object") warnings.add("json_object_not_enforced");
  if (format.type !== "json_schema") return undefined;
  const { schema, name, description } = format;
  return { type: "json_schema", structure: { jsonSchema: { schema: schema.text, name, description } } };
}

function prepareServiceTier(tier: string | undefined, warnings: Warnings): JsonOut {
  if (tier === undefined || tier === "auto") return undefined;
  if (serviceTiers.has(tier)) return { type: tier };
  warnings.dropped("service_tier");
  return undefined;
}

/** Strings only; metadata with anything else is dropped whole. */
function prepareMetadata(chat: ChatRequest, warnings: Warnings): JsonOut {
  const metadata = optionalObject(chat.body.member("metadata"));
  if (metadata === undefined || metadata.names.length === 0) return undefined;
  if (metadata.names.every((name) => metadata.member(name).string !== undefined)) return metadata.raw;
  warnings.dropped("metadata");
  return undefined;
}

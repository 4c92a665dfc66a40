import type { BackendOptions } from "../../core/translator.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import { type ChatRequest, chatRequestDefaults, chatRequestMembers } from "../common/chat-request.ts";
import { optionalObject, optionalString } from "../common/guards.ts";
import { prepareSampling } from "../common/sampling.ts";
import type { Warnings } from "../common/warnings.ts";
import { convertToAnthropicMessages } from "./convert-to-anthropic-messages.ts";
import { prepareThinking } from "./prepare-thinking.ts";
import { prepareTools } from "./prepare-tools.ts";

const known = new Set([...chatRequestMembers, "metadata", "user", "safety_identifier"]);
/** From this version on the API refuses sampling parameters, even at their default values (R30). */
const firstVersionWithoutSampling = "2026-10-21";

/**
 * The members of a Messages request but `model` and `stream`, which each envelope puts where it wants them, and the most output
 * tokens that it asks for.
 */
export function convertToAnthropicRequest(
  chat: ChatRequest,
  options: BackendOptions,
  schema: string,
  warnings: Warnings,
): { readonly members: { readonly [member: string]: JsonOut }; readonly maxTokens: number } {
  const { system, messages } = convertToAnthropicMessages(chat.messages, {
    inlineSystem: options.midConversationSystem === "inline",
    urls: options.urlImages !== "refuse",
    schema,
    warnings,
  });
  const { maxTokens, thinking, effort } = prepareThinking(chat, options, warnings);
  const { tools, toolChoice } = prepareTools(chat);
  const { temperature, topP, topK } = prepareSampling(chat, refusesSampling(options), warnings);
  const request = {
    max_tokens: maxTokens,
    system: system.length > 0 ? system : undefined,
    messages,
    tools,
    tool_choice: toolChoice,
    temperature,
    top_p: topP,
    top_k: topK,
    stop_sequences: chat.stop.length > 0 ? chat.stop : undefined,
    thinking,
    output_config: prepareOutputConfig(chat, effort, warnings),
    metadata: prepareMetadata(chat, warnings),
    service_tier: prepareServiceTier(chat, warnings),
  };
  warnings.droppedUnless(chat.body, known, chatRequestDefaults);
  return { members: request, maxTokens };
}

function refusesSampling({ anthropicVersion = "", samplingParams }: BackendOptions): boolean {
  const isNewer = /^\d{4}-\d{2}-\d{2}$/.test(anthropicVersion) && anthropicVersion >= firstVersionWithoutSampling;
  return isNewer || samplingParams === "drop";
}

function prepareOutputConfig(chat: ChatRequest, effort: string | undefined, warnings: Warnings): JsonOut {
  const format = chat.responseFormat;
  if (format.type === "json_object") warnings.add("json_object_not_enforced");
  if (format.type !== "json_schema") return effort === undefined ? undefined : { effort };
  return { effort, format: { type: "json_schema", schema: format.schema } };
}

/** The end user: Anthropic's own `metadata.user_id`, else `safety_identifier`, else `user`. */
function prepareMetadata(chat: ChatRequest, warnings: Warnings): JsonOut {
  const metadata = optionalObject(chat.body.member("metadata"));
  if (metadata?.names.some((name) => name !== "user_id")) warnings.dropped("metadata");
  const safetyIdentifier = optionalString(chat.body.member("safety_identifier"));
  const user = optionalString(chat.body.member("user"));
  const userId = metadata?.member("user_id");
  if (userId?.told) return { user_id: userId.raw };
  const fallback = safetyIdentifier ?? user;
  return fallback === undefined ? undefined : { user_id: fallback };
}

function prepareServiceTier(chat: ChatRequest, warnings: Warnings): string | undefined {
  if (chat.serviceTier === "auto") return "auto";
  if (chat.serviceTier === "default") return "standard_only";
  if (chat.serviceTier !== undefined) warnings.dropped("service_tier");
  return undefined;
}

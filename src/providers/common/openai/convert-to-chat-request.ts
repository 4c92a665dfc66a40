import { createHash } from "node:crypto";
import type { BackendOptions } from "../../../core/translator.ts";
import type { JsonOut } from "../../../lib/raw-json.ts";
import { type MessagesRequest, messagesRequestMembers } from "../messages/messages-request.ts";
import type { MessagesToolPlan } from "../messages/messages-tools.ts";
import type { Warnings } from "../warnings.ts";
import { convertToChatMessages } from "./convert-to-chat-messages.ts";

const known = new Set(messagesRequestMembers);
/** The API takes no longer ones. */
const maxUserLength = 64;

/** The chat request that a messages request becomes (translation.md §6.6). */
export function convertToChatRequest(
  request: MessagesRequest,
  model: string,
  options: BackendOptions,
  schema: string,
  warnings: Warnings,
): JsonOut {
  const body: JsonOut = {
    model,
    messages: convertToChatMessages(request, { backend: options, schema, warnings }),
    [options.outputLimitMember ?? "max_tokens"]: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    stop: request.stopSequences.length > 0 ? request.stopSequences : undefined,
    ...prepareTools(request.toolPlan),
    reasoning_effort: prepareEffort(request, options, warnings),
    response_format: request.outputSchema && {
      type: "json_schema",
      json_schema: { name: "response", schema: request.outputSchema, strict: true },
    },
    user: prepareUser(request.userId, warnings),
    service_tier: prepareServiceTier(request.serviceTier, warnings),
    ...(request.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
  warnings.droppedUnless(request.body, known);
  return body;
}

function prepareTools({ tools, choice, sequential }: MessagesToolPlan): { readonly [member: string]: JsonOut } {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, schema, strict }) => ({
      type: "function",
      function: { name, description, parameters: schema, strict },
    })),
    tool_choice:
      choice?.type === "tool"
        ? { type: "function", function: { name: choice.name } }
        : choice?.type === "any"
          ? "required"
          : choice?.type,
    parallel_tool_calls: sequential ? false : undefined,
  };
}

/** Up to so many tokens of thinking an effort is low, or medium; above it is high. */
const mostLow = 2_048;
const mostMedium = 8_192;

/** Thinking itself is never sent: the API does not know it (R96). */
function prepareEffort(
  { thinking, effort }: MessagesRequest,
  options: BackendOptions,
  warnings: Warnings,
): string | undefined {
  if (options.thinking !== "reasoning_effort") {
    if (thinking !== undefined && thinking.type !== "disabled") warnings.dropped("thinking");
    if (effort !== undefined) warnings.dropped("output_config.effort");
    return undefined;
  }
  if (effort !== undefined) return effort;
  const budget = thinking?.type === "enabled" ? thinking.budgetTokens : undefined;
  if (budget === undefined) return undefined;
  if (budget <= mostLow) return "low";
  return budget <= mostMedium ? "medium" : "high";
}

function prepareUser(userId: string | undefined, warnings: Warnings): string | undefined {
  if (userId === undefined || userId.length <= maxUserLength) return userId;
  warnings.add("user_id_hashed");
  return createHash("sha256").update(userId).digest("hex");
}

function prepareServiceTier(serviceTier: string | undefined, warnings: Warnings): string | undefined {
  if (serviceTier === "auto") return "auto";
  if (serviceTier === "standard_only") return "default";
  if (serviceTier !== undefined) warnings.dropped("service_tier");
  return undefined;
}

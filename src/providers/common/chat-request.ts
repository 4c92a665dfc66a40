import type { ClientRequest } from "../../core/endpoint.ts";
import { GatewayError } from "../../lib/errors.ts";
import { type ChatMessage, legacyFunctions, readMessage } from "./chat-message.ts";
import {
  invalidField,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredObject,
  requiredString,
} from "./guards.ts";
import { JsonView } from "./json-view.ts";
import { type ResponseFormat, readResponseFormat } from "./response-format.ts";
import { readToolPlan, type ToolPlan } from "./tools.ts";
import type { Warnings } from "./warnings.ts";

export type ReasoningEffort = (typeof reasoningEfforts)[number];
const reasoningEfforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

/**
 * A chat request as the translated pairs read it: every member typed, wrong types refused. `undefined` = absent or null.
 * Members that one provider alone reads are in `body`.
 */
export interface ChatRequest {
  readonly body: JsonView;
  readonly stream: boolean;
  readonly messages: readonly ChatMessage[];
  /** `max_completion_tokens`, else `max_tokens` (R56). */
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly topK: number | undefined;
  /** Without empty strings (R63). */
  readonly stop: readonly string[];
  /** Tools as `tool_choice` leaves them, and the choice. */
  readonly toolPlan: ToolPlan;
  readonly parallelToolCalls: boolean | undefined;
  readonly reasoningEffort: ReasoningEffort | undefined;
  /** Anthropic's `thinking` object. */
  readonly thinking: VendorThinking | undefined;
  readonly responseFormat: ResponseFormat;
  readonly serviceTier: string | undefined;
}

/** Anthropic's `thinking` member, which chat clients may send too. */
export interface VendorThinking {
  readonly view: JsonView;
  readonly budgetTokens: number | undefined;
}

/** Top-level members that `readChatRequest` reads; what else a provider forwards it adds (R64). */
export const chatRequestMembers: readonly string[] = [
  "model",
  "messages",
  "stream",
  "stream_options",
  "max_completion_tokens",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning_effort",
  "thinking",
  "response_format",
  "service_tier",
  "n",
  "logprobs",
];

/** Values that the API takes for absent members: dropping them changes nothing. */
export const chatRequestDefaults: Readonly<Record<string, unknown>> = {
  frequency_penalty: 0,
  presence_penalty: 0,
  top_logprobs: 0,
  store: false,
  modalities: ["text"],
  verbosity: "medium",
};

const streamOptionsMembers = new Set(["include_usage"]);
const streamOptionsDefaults = { include_obfuscation: false };

/**
 * Reads the request and refuses what no provider that answers with one choice of text and tool calls can serve.
 * Nested members that have no place anywhere are reported in `warnings`; top-level ones by the provider.
 * @param schema names the provider schema in messages
 * @throws GatewayError `invalid_field` and the refusals of translation.md §5.4
 */
export function readChatRequest(request: ClientRequest, schema: string, warnings: Warnings): ChatRequest {
  const body = requiredObject(JsonView.document(request.raw, request.body()));
  refuseUnsupported(body, schema);
  const streamOptions = optionalObject(body.member("stream_options"));
  if (streamOptions !== undefined) warnings.droppedUnless(streamOptions, streamOptionsMembers, streamOptionsDefaults);
  const maxCompletionTokens = optionalInteger(body.member("max_completion_tokens"));
  const maxTokens = optionalInteger(body.member("max_tokens"));
  return {
    body,
    stream: request.stream,
    messages: optionalArray(requiredMessages(body)).map((message) =>
      readMessage(requiredObject(message), schema, warnings),
    ),
    maxTokens: maxCompletionTokens ?? maxTokens,
    temperature: optionalNumber(body.member("temperature")),
    topP: optionalNumber(body.member("top_p")),
    topK: optionalInteger(body.member("top_k")),
    stop: readStop(body.member("stop")),
    toolPlan: readToolPlan(body, schema, warnings),
    parallelToolCalls: optionalBoolean(body.member("parallel_tool_calls")),
    reasoningEffort: optionalOneOf(body.member("reasoning_effort"), reasoningEfforts),
    thinking: readThinking(body.member("thinking")),
    responseFormat: readResponseFormat(body.member("response_format"), warnings),
    serviceTier: optionalString(body.member("service_tier")),
  };
}

/** What would change the shape of the answer (translation.md §2.6). */
function refuseUnsupported(body: JsonView, schema: string): void {
  const n = optionalInteger(body.member("n"), 1);
  if (n !== undefined && n > 1) {
    throw refusal("n_not_supported", "n", `n above 1 is not supported by ${schema}; send one request per choice`);
  }
  if (optionalBoolean(body.member("logprobs")) === true) {
    throw refusal("logprobs_not_supported", "logprobs", `logprobs: log probabilities are not supported by ${schema}`);
  }
  if (optionalArray(body.member("modalities")).some((modality) => modality.value === "audio")) {
    throw refusal(
      "audio_output_not_supported",
      "modalities",
      `modalities: audio output is not supported by ${schema}; ask for text`,
    );
  }
  if (body.member("web_search_options").told) {
    throw refusal(
      "web_search_not_supported",
      "web_search_options",
      `web_search_options: web search is not supported by ${schema}`,
    );
  }
  for (const name of ["functions", "function_call"]) {
    const legacy = body.member(name);
    if (legacy.told && (legacy.elements === undefined || legacy.elements.length > 0))
      throw legacyFunctions(name, schema);
  }
}

function refusal(code: ConstructorParameters<typeof GatewayError>[0], param: string, message: string): GatewayError {
  return new GatewayError(code, message, { param });
}

function requiredMessages(body: JsonView): JsonView {
  const messages = body.member("messages");
  if (messages.elements === undefined) throw invalidField(messages, "an array of messages");
  return messages;
}

function readStop(stop: JsonView): readonly string[] {
  const sequences = stop.string === undefined ? optionalArray(stop).map(requiredString) : [stop.string];
  return sequences.filter((sequence) => sequence !== "");
}

function readThinking(thinking: JsonView): VendorThinking | undefined {
  const view = optionalObject(thinking);
  return view === undefined ? undefined : { view, budgetTokens: optionalInteger(view.member("budget_tokens")) };
}

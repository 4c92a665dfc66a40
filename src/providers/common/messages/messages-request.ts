import type { ClientRequest } from "../../../core/endpoint.ts";
import type { RawJson } from "../../../lib/raw-json.ts";
import {
  invalidField,
  optionalArray,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalOneOf,
  optionalString,
  requiredObject,
  requiredString,
} from "../guards.ts";
import { JsonView } from "../json-view.ts";
import type { Warnings } from "../warnings.ts";
import { type MessagesBlock, readBlocks } from "./messages-block.ts";
import { type MessagesToolPlan, readMessagesTools } from "./messages-tools.ts";

export interface Message {
  readonly role: "user" | "assistant" | "system";
  readonly path: string;
  readonly blocks: readonly MessagesBlock[];
}

/**
 * A messages request as the translated pairs read it: every member typed, wrong types refused. `undefined` = absent or null.
 * Members that one provider alone reads are in `body`.
 */
export interface MessagesRequest {
  readonly body: JsonView;
  readonly stream: boolean;
  readonly system: readonly MessagesBlock[];
  readonly messages: readonly Message[];
  readonly maxTokens: number | undefined;
  /** Numbers as they were written. */
  readonly temperature: RawJson | undefined;
  readonly topP: RawJson | undefined;
  /** Without empty strings (R63). */
  readonly stopSequences: readonly string[];
  readonly toolPlan: MessagesToolPlan;
  readonly thinking: MessagesThinking | undefined;
  readonly effort: string | undefined;
  /** Schema that the answer must follow, exactly as it was written (R74). */
  readonly outputSchema: RawJson | undefined;
  readonly userId: string | undefined;
  readonly serviceTier: string | undefined;
}

export interface MessagesThinking {
  readonly type: string;
  readonly budgetTokens: number | undefined;
}

/** Top-level members that `readMessagesRequest` reads; what else a provider forwards it adds (R64). */
export const messagesRequestMembers: readonly string[] = [
  "model",
  "messages",
  "system",
  "stream",
  "max_tokens",
  "temperature",
  "top_p",
  "stop_sequences",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "metadata",
  "service_tier",
  // a mark for the whole request; where prompts are cached without being told to, it changes nothing
  "cache_control",
];

const roles = ["user", "assistant", "system"] as const;
const messageMembers = new Set(["role", "content"]);
const outputConfigMembers = new Set(["effort", "format"]);

/**
 * Reads the request. Nested members that have no place anywhere are reported in `warnings`; top-level ones by the provider.
 * @param schema names the provider schema in messages
 * @throws GatewayError `invalid_field` and the refusals of translation.md §5.4
 */
export function readMessagesRequest(request: ClientRequest, schema: string, warnings: Warnings): MessagesRequest {
  const body = requiredObject(JsonView.document(request.raw, request.body()));
  const messages = body.member("messages");
  if (messages.elements === undefined) throw invalidField(messages, "an array of messages");
  const outputConfig = optionalObject(body.member("output_config"));
  if (outputConfig !== undefined) warnings.droppedUnless(outputConfig, outputConfigMembers);
  const metadata = optionalObject(body.member("metadata"));
  if (metadata?.names.some((name) => name !== "user_id")) warnings.dropped("metadata");
  return {
    body,
    stream: request.stream,
    system: readBlocks(body.member("system"), schema, warnings),
    messages: messages.elements.map((message) => readMessage(requiredObject(message), schema, warnings)),
    maxTokens: optionalInteger(body.member("max_tokens")),
    temperature: rawNumber(body.member("temperature")),
    topP: rawNumber(body.member("top_p")),
    stopSequences: optionalArray(body.member("stop_sequences"))
      .map(requiredString)
      .filter((sequence) => sequence !== ""),
    toolPlan: readMessagesTools(body, warnings),
    thinking: readThinking(optionalObject(body.member("thinking"))),
    effort: outputConfig && optionalString(outputConfig.member("effort")),
    outputSchema: outputConfig && readFormat(optionalObject(outputConfig.member("format"))),
    userId: metadata && optionalString(metadata.member("user_id")),
    serviceTier: optionalString(body.member("service_tier")),
  };
}

function readMessage(message: JsonView, schema: string, warnings: Warnings): Message {
  const role = optionalOneOf(message.member("role"), roles);
  if (role === undefined) throw invalidField(message.member("role"), `one of ${roles.join(", ")}`);
  warnings.droppedUnless(message, messageMembers);
  return { role, path: message.path, blocks: readBlocks(message.member("content"), schema, warnings) };
}

function rawNumber(view: JsonView): RawJson | undefined {
  return optionalNumber(view) === undefined ? undefined : view.raw;
}

function readThinking(thinking: JsonView | undefined): MessagesThinking | undefined {
  if (thinking === undefined) return undefined;
  return {
    type: requiredString(thinking.member("type")),
    budgetTokens: optionalInteger(thinking.member("budget_tokens")),
  };
}

function readFormat(format: JsonView | undefined): RawJson | undefined {
  if (format === undefined) return undefined;
  optionalOneOf(format.member("type"), ["json_schema"]);
  return requiredObject(format.member("schema")).raw;
}

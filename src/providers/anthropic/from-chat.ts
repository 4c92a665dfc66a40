import type { AttemptInput, TranslatorFactory, UpstreamRequest } from "../../core/translator.ts";
import { utf8Bytes } from "../../lib/bytes.ts";
import { type JsonOut, stringifyRaw } from "../../lib/raw-json.ts";
import { makeChatAnswer } from "../common/chat-answer.ts";
import { readChatRequest } from "../common/chat-request.ts";
import { upstreamHeaders } from "../common/upstream-headers.ts";
import { Warnings } from "../common/warnings.ts";
import { convertToAnthropicRequest } from "./convert-to-anthropic-request.ts";
import { readError } from "./errors.ts";
import { readAnswer } from "./read-answer.ts";
import { AnthropicStreamReader } from "./read-stream.ts";

const schema = "Anthropic";
const defaultVersion = "2023-06-01";

/** Chat completions at Anthropic's Messages API (translation.md §6.2). */
export const chatToAnthropic: TranslatorFactory = (input) => ({
  request: () => makeRequest(input),
  ...makeChatAnswer(input, {
    streamMediaType: "text/event-stream",
    readAnswer: (body, _head, sink) => readAnswer(body, sink, input),
    makeStreamReader: (_head, sink) => new AnthropicStreamReader(sink, input),
  }),
  responseError: (head, body) => ({ error: readError(head, body), unchanged: false }),
});

function makeRequest(input: AttemptInput): UpstreamRequest {
  const warnings = new Warnings();
  const version = input.options.anthropicVersion ?? defaultVersion;
  const chat = readChatRequest(input.request, schema, warnings);
  const options = { ...input.options, anthropicVersion: version };
  const { members, maxTokens } = convertToAnthropicRequest(chat, options, schema, warnings);
  const body: JsonOut = { model: input.model, ...members, stream: chat.stream ? true : undefined };
  return {
    path: `${input.options.prefix ?? "/v1"}/messages`,
    headers: upstreamHeaders(input.clientHeaders, chat.stream ? "text/event-stream" : "application/json", {
      "anthropic-version": version,
    }),
    body: utf8Bytes(stringifyRaw(body)),
    warnings: warnings.codes,
    maxOutputTokens: maxTokens,
  };
}

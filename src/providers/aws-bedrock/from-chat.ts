import type { AttemptInput, TranslatorFactory, UpstreamRequest } from "../../core/translator.ts";
import { utf8Bytes } from "../../lib/bytes.ts";
import { stringifyRaw } from "../../lib/raw-json.ts";
import { makeChatAnswer } from "../common/chat-answer.ts";
import { readChatRequest } from "../common/chat-request.ts";
import { pathSegment } from "../common/path-segment.ts";
import { upstreamHeaders } from "../common/upstream-headers.ts";
import { Warnings } from "../common/warnings.ts";
import { convertToConverseRequest } from "./convert-to-converse-request.ts";
import { readError } from "./errors.ts";
import { readAnswer } from "./read-answer.ts";
import { ConverseStreamReader } from "./read-stream.ts";

const schema = "AWSBedrock";
const streamMediaType = "application/vnd.amazon.eventstream";

/** Chat completions at AWS Bedrock's Converse API (translation.md §6.3). */
export const chatToBedrock: TranslatorFactory = (input) => ({
  request: () => makeRequest(input),
  ...makeChatAnswer(input, {
    streamMediaType,
    readAnswer: (body, head, sink) => readAnswer(body, head, sink, input),
    makeStreamReader: (head, sink) => new ConverseStreamReader(head, sink, input),
  }),
  responseError: (head, body) => ({ error: readError(head, body), unchanged: false }),
});

function makeRequest(input: AttemptInput): UpstreamRequest {
  const warnings = new Warnings();
  const chat = readChatRequest(input.request, schema, warnings);
  const { members, maxTokens } = convertToConverseRequest(chat, input.options, schema, warnings);
  return {
    path: `/model/${pathSegment(input.model)}/${chat.stream ? "converse-stream" : "converse"}`,
    headers: upstreamHeaders(input.clientHeaders, chat.stream ? streamMediaType : "application/json"),
    body: utf8Bytes(stringifyRaw(members)),
    warnings: warnings.codes,
    maxOutputTokens: maxTokens,
  };
}

import type { ClientRequest, Endpoint } from "../core/endpoint.ts";
import type { Headers } from "../core/headers.ts";
import { setTopLevelMember } from "../lib/json-edit.ts";
import { anthropicErrorBody, anthropicStreamCut, anthropicStreamError } from "./dialects/anthropic.ts";
import { lazyBody } from "./lazy-body.ts";
import { requestJson, requestMembers } from "./request-body.ts";
import { RequestFields } from "./request-fields.ts";

/** Anthropic messages. */
export const messagesEndpoint: Endpoint = {
  api: "messages",
  prefix: "anthropic",
  path: "/v1/messages",
  method: "POST",
  parse: parseMessages,
  withOutputLimit,
  lastEvent: /^event: ?message_stop/m,
  errorBody: anthropicErrorBody,
  streamError: anthropicStreamError,
  streamCut: anthropicStreamCut,
};

/** Reads the members that routing and metering need; everything else is the provider's business (R5). */
function parseMessages(body: Uint8Array, headers: Headers): ClientRequest {
  const raw = requestJson(body, headers);
  const fields = new RequestFields(raw, requestMembers(raw));
  return {
    api: "messages",
    raw,
    model: fields.string("model"),
    stream: fields.boolean("stream") ?? false,
    // streams of this API always tell it
    includeUsage: true,
    maxOutputTokens: fields.count("max_tokens"),
    choices: 1,
    serviceTier: fields.string("service_tier"),
    body: lazyBody(raw),
  };
}

/** The client's bytes with one member more (or its value replaced, where it was `null`). This API has one name for it. */
function withOutputLimit(request: ClientRequest, maxOutputTokens: number): ClientRequest {
  const raw = setTopLevelMember(request.raw, requestMembers(request.raw), "max_tokens", String(maxOutputTokens));
  return { ...request, raw, maxOutputTokens, body: lazyBody(raw) };
}

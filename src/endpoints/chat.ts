import type { ClientRequest, Endpoint } from "../core/endpoint.ts";
import type { Headers } from "../core/headers.ts";
import { openaiErrorBody, openaiStreamError } from "./dialects/openai.ts";
import { lazyBody } from "./lazy-body.ts";
import { requestJson, requestMembers } from "./request-body.ts";
import { RequestFields } from "./request-fields.ts";

/** OpenAI chat completions. */
export const chatEndpoint: Endpoint = {
  api: "chat",
  path: "/v1/chat/completions",
  method: "POST",
  parse: parseChat,
  lastEvent: /^data: ?\[DONE\]/m,
  errorBody: openaiErrorBody,
  streamError: openaiStreamError,
};

/** Reads the members that routing and metering need; everything else is the provider's business (R5). */
function parseChat(body: Uint8Array, headers: Headers): ClientRequest {
  const raw = requestJson(body, headers);
  const fields = new RequestFields(raw, requestMembers(raw));
  return {
    api: "chat",
    raw,
    model: fields.string("model"),
    stream: fields.boolean("stream") ?? false,
    includeUsage: fields.object("stream_options").boolean("include_usage") ?? false,
    body: lazyBody(raw),
  };
}

import type { ClientRequest, Endpoint } from "../core/endpoint.ts";
import type { Headers } from "../core/headers.ts";
import { setTopLevelMember } from "../lib/json-edit.ts";
import { openaiErrorBody, openaiStreamCut, openaiStreamError } from "./dialects/openai.ts";
import { lazyBody } from "./lazy-body.ts";
import { requestJson, requestMembers } from "./request-body.ts";
import { RequestFields } from "./request-fields.ts";

/** OpenAI chat completions. */
export const chatEndpoint: Endpoint = {
  api: "chat",
  prefix: "openai",
  path: "/v1/chat/completions",
  method: "POST",
  parse: parseChat,
  withOutputLimit,
  lastEvent: /^data: ?\[DONE\]/m,
  errorBody: openaiErrorBody,
  streamError: openaiStreamError,
  streamCut: openaiStreamCut,
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
    maxOutputTokens: fields.count("max_completion_tokens") ?? fields.count("max_tokens"),
    outputLimits: outputLimits(fields),
    choices: fields.count("n") ?? 1,
    serviceTier: fields.string("service_tier"),
    body: lazyBody(raw),
  };
}

/** The newer name and the older one: not every provider knows the newer, and which of two counts is the provider's choice. */
const limitMembers = ["max_completion_tokens", "max_tokens"];

function outputLimits(fields: RequestFields): Readonly<Record<string, number>> {
  return Object.fromEntries(
    limitMembers.flatMap((name) => {
      const limit = fields.count(name);
      return limit === undefined ? [] : [[name, limit]];
    }),
  );
}

/** The client's bytes with one member more (or its value replaced, where it was `null`). */
function withOutputLimit(request: ClientRequest, maxOutputTokens: number, member: string): ClientRequest {
  const raw = setTopLevelMember(request.raw, requestMembers(request.raw), member, String(maxOutputTokens));
  const outputLimits = { ...request.outputLimits, [member]: maxOutputTokens };
  return { ...request, raw, maxOutputTokens, outputLimits, body: lazyBody(raw) };
}

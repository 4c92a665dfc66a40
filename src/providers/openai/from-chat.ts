import type { HeaderPatch } from "../../core/headers.ts";
import {
  type AttemptInput,
  defaultCodecLimits,
  type ResponseHead,
  type Translated,
  type Translator,
} from "../../core/translator.ts";
import { GatewayError } from "../../lib/errors.ts";
import { decodeBuffered, isIdentity, makeStreamDecoder } from "../common/content-encoding.ts";
import type { StreamDecoder } from "../common/inflate-stream.ts";
import { openaiError } from "../common/openai-errors.ts";
import { unknownError } from "../common/unknown-error.ts";
import { ChatJson } from "./chat-json.ts";
import { ChatStream } from "./chat-stream.ts";
import { upstreamRequest } from "./upstream-request.ts";

/** Passes chat completions to a server that speaks them (translation.md §6.1). */
export function fromChat(input: AttemptInput): Translator {
  const { request, options } = input;
  const forcesUsage = request.stream && !request.includeUsage;
  let answer: Answer | undefined;

  function began(): Answer {
    if (answer === undefined) throw new GatewayError("internal_error", "the answer's body came before its headers");
    return answer;
  }

  return {
    request: () => upstreamRequest(input, forcesUsage),
    responseHeaders(head) {
      const contentEncoding = head.headers.get("content-encoding");
      if (!isEventStream(head)) {
        answer = new ChatJson(contentEncoding);
        return { headers: { set: {}, remove: [] }, stream: false };
      }
      const stream = new ChatStream(forcesUsage, options.limits?.maxEventBytes ?? defaultCodecLimits.maxEventBytes);
      answer = isIdentity(contentEncoding) ? stream : decompressed(stream, makeStreamDecoder(contentEncoding));
      return { headers: streamHeaders, stream: true };
    },
    responseBody: (chunk) => began().push(chunk),
    responseEnd: () => began().end(),
    responseError,
  };
}

interface Answer {
  push(chunk: Uint8Array): Translated;
  end(): Translated;
}

/** The stream may grow an error event or lose an event, and leaves uncompressed (R34). */
const streamHeaders: HeaderPatch = { set: {}, remove: ["content-encoding", "content-length"] };

function isEventStream(head: ResponseHead): boolean {
  return /^\s*text\/event-stream\s*(;|$)/i.test(head.headers.get("content-type") ?? "");
}

/** The stream of a provider that compresses although it was asked not to. */
function decompressed(stream: Answer, decoder: StreamDecoder): Answer {
  return {
    push(chunk) {
      const bytes = decoder.push(chunk);
      const told = stream.push(bytes);
      return { ...told, body: told.body ?? bytes };
    },
    end: () => stream.end(),
  };
}

function responseError(
  head: ResponseHead,
  body: Uint8Array,
): { readonly error: GatewayError; readonly unchanged: boolean } {
  const contentEncoding = head.headers.get("content-encoding");
  if (isIdentity(contentEncoding)) return openaiError(head.status, body);
  try {
    return { error: openaiError(head.status, decodeBuffered(body, contentEncoding)).error, unchanged: false };
  } catch {
    return { error: unknownError(head.status, new Uint8Array(0)), unchanged: false }; // its status is all we can read of it
  }
}

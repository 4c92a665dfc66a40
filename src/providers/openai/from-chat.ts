import { emptyPatch, type HeaderPatch } from "../../core/headers.ts";
import {
  type AttemptInput,
  defaultCodecLimits,
  type ResponseHead,
  type Translated,
  type Translator,
} from "../../core/translator.ts";
import { noBytes } from "../../lib/bytes.ts";
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
      const passes = isIdentity(contentEncoding);
      if (mediaType(head) !== "text/event-stream") {
        answer = new ChatJson(passes ? undefined : contentEncoding);
        return { headers: passes ? emptyPatch : bodyChanges, stream: false };
      }
      const stream = new ChatStream(forcesUsage, options.limits?.maxEventBytes ?? defaultCodecLimits.maxEventBytes);
      answer = passes ? stream : decompressed(stream, makeStreamDecoder(contentEncoding));
      return { headers: bodyChanges, stream: true };
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

/** The body is or may be changed: a stream may grow an error event or lose an event, and leaves uncompressed (R34). */
const bodyChanges: HeaderPatch = { set: {}, remove: ["content-encoding", "content-length"] };

function mediaType(head: ResponseHead): string | undefined {
  return head.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
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

function responseError(head: ResponseHead, body: Uint8Array): { error: GatewayError; unchanged: boolean } {
  const contentEncoding = head.headers.get("content-encoding");
  let plain: Uint8Array;
  try {
    plain = decodeBuffered(body, contentEncoding);
  } catch {
    return { error: unknownError(head.status, noBytes), unchanged: false }; // its status is all we can read of it
  }
  const { error, unchanged } = openaiError(head.status, plain);
  // status and headers pass with the body, so they must be right as well (R36)
  const passes = isIdentity(contentEncoding) && mediaType(head) === "application/json" && error.status === head.status;
  return { error, unchanged: unchanged && passes };
}

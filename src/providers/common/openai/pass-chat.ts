import { type AttemptInput, defaultCodecLimits, type Translator } from "../../../core/translator.ts";
import { openaiError } from "../openai-errors.ts";
import { makePassingAnswer } from "../passing-answer.ts";
import { readChatJson } from "./chat-json.ts";
import { chatStream } from "./chat-stream.ts";
import { upstreamRequest } from "./upstream-request.ts";

/** Passes chat completions to a server that speaks them at this path (translation.md §6.1). */
export function passChat(input: AttemptInput, path: string): Translator {
  const { request, options } = input;
  const forcesUsage = request.stream && !request.includeUsage;
  const maxEventBytes = options.limits?.maxEventBytes ?? defaultCodecLimits.maxEventBytes;
  return {
    request: () => upstreamRequest(input, forcesUsage, path),
    ...makePassingAnswer({
      readJson: readChatJson,
      makeStream: () => chatStream(forcesUsage, maxEventBytes),
      readError: openaiError,
    }),
  };
}

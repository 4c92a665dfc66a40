import { type AttemptInput, defaultCodecLimits, type Translator } from "../../core/translator.ts";
import { openaiError } from "../common/openai-errors.ts";
import { makePassingAnswer } from "../common/passing-answer.ts";
import { readChatJson } from "./chat-json.ts";
import { chatStream } from "./chat-stream.ts";
import { upstreamRequest } from "./upstream-request.ts";

/** Passes chat completions to a server that speaks them (translation.md §6.1). */
export function fromChat(input: AttemptInput): Translator {
  const { request, options } = input;
  const forcesUsage = request.stream && !request.includeUsage;
  const maxEventBytes = options.limits?.maxEventBytes ?? defaultCodecLimits.maxEventBytes;
  return {
    request: () => upstreamRequest(input, forcesUsage),
    ...makePassingAnswer({
      readJson: readChatJson,
      makeStream: () => chatStream(forcesUsage, maxEventBytes),
      readError: openaiError,
    }),
  };
}

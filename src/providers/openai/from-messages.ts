import type { AttemptInput, Translator } from "../../core/translator.ts";
import { messagesToChat } from "../common/openai/messages-to-chat.ts";
import { upstreamPath } from "./upstream-path.ts";

/** Messages at OpenAI and its compatibles (translation.md §6.6). */
export function messagesToOpenai(input: AttemptInput): Translator {
  return messagesToChat(input, upstreamPath(input.options), "OpenAI");
}

import type { AttemptInput, Translator } from "../../core/translator.ts";
import { passChat } from "../common/openai/pass-chat.ts";
import { upstreamPath } from "./upstream-path.ts";

/** Passes chat completions to OpenAI and its compatibles (translation.md §6.1). */
export function fromChat(input: AttemptInput): Translator {
  return passChat(input, upstreamPath(input.options));
}

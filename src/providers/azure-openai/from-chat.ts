import type { AttemptInput, Translator } from "../../core/translator.ts";
import { passChat } from "../common/openai/pass-chat.ts";
import { upstreamPath } from "./upstream-path.ts";

/** Passes chat completions to a deployment at Azure (translation.md §6.1). */
export function chatToAzure(input: AttemptInput): Translator {
  return passChat(input, upstreamPath(input.options, input.model));
}

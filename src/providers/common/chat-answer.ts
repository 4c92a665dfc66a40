import type { AttemptInput } from "../../core/translator.ts";
import { ChatAnswerWriter } from "./chat-answer-writer.ts";
import { ChatStreamWriter } from "./chat-stream-writer.ts";
import type { ChatWriter } from "./chat-writer.ts";
import { type AnswerReaders, makeTranslatedAnswer, type TranslatedAnswer } from "./translated-answer.ts";

export type { StreamReader } from "./translated-answer.ts";

/** The answering half of a translator for chat clients. */
export function makeChatAnswer(input: AttemptInput, readers: AnswerReaders<ChatWriter>): TranslatedAnswer {
  return makeTranslatedAnswer(input, readers, (stream) => {
    const createdSeconds = Math.floor(input.now() / 1000);
    return stream
      ? new ChatStreamWriter(createdSeconds, input.request.includeUsage)
      : new ChatAnswerWriter(createdSeconds);
  });
}

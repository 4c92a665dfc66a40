import type { AttemptInput, ResponseHead } from "../../core/translator.ts";
import type { ChatHead } from "../common/chat-writer.ts";

/** What Converse tells about an answer besides the answer: an id in a header; the model is not told. */
export function answerHead(head: ResponseHead, input: Pick<AttemptInput, "model" | "newId">): ChatHead {
  return { id: head.headers.get("x-amzn-requestid") ?? input.newId("chatcmpl_tg_"), model: input.model };
}

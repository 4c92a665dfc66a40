import { type AttemptInput, defaultCodecLimits, type ResponseHead, type Translator } from "../../../core/translator.ts";
import { noBytes, utf8Bytes } from "../../../lib/bytes.ts";
import type { GatewayError } from "../../../lib/errors.ts";
import { stringifyRaw } from "../../../lib/raw-json.ts";
import { decodeBuffered } from "../content-encoding.ts";
import { MessagesAnswerWriter } from "../messages/messages-answer-writer.ts";
import { readMessagesRequest } from "../messages/messages-request.ts";
import { MessagesStreamWriter } from "../messages/messages-stream-writer.ts";
import type { MessagesWriter } from "../messages/messages-writer.ts";
import { openaiError } from "../openai-errors.ts";
import { makeTranslatedAnswer } from "../translated-answer.ts";
import { unknownError } from "../unknown-error.ts";
import { upstreamHeaders } from "../upstream-headers.ts";
import { Warnings } from "../warnings.ts";
import { convertToChatRequest } from "./convert-to-chat-request.ts";
import { readChatAnswer } from "./read-chat-answer.ts";
import { ChatStreamReader } from "./read-chat-stream.ts";

/** Messages at a server that speaks chat completions at this path (translation.md §6.6). `schema` names it in messages. */
export function messagesToChat(input: AttemptInput, path: string, schema: string): Translator {
  const { request, options } = input;
  const maxHeldBytes = options.limits?.maxHeldToolBytes ?? defaultCodecLimits.maxHeldToolBytes;
  const unnamed = () => ({ id: input.newId("msg_tg_"), model: input.model });
  return {
    request() {
      const warnings = new Warnings();
      const messages = readMessagesRequest(request, schema, warnings);
      const body = convertToChatRequest(messages, input.model, options, schema, warnings);
      return {
        path,
        headers: upstreamHeaders(input.clientHeaders, request.stream ? "text/event-stream" : "application/json"),
        body: utf8Bytes(stringifyRaw(body)),
        warnings: warnings.codes,
        maxOutputTokens: messages.maxTokens,
      };
    },
    ...makeTranslatedAnswer<MessagesWriter>(
      input,
      {
        streamMediaType: "text/event-stream",
        readAnswer: (body, _head, sink) => readChatAnswer(body, sink, input),
        makeStreamReader: (_head, sink) => new ChatStreamReader(sink, input),
      },
      (stream) => (stream ? new MessagesStreamWriter({ unnamed, maxHeldBytes }) : new MessagesAnswerWriter()),
    ),
    responseError: (head, body) => ({ error: readError(head, body), unchanged: false }),
  };
}

function readError(head: ResponseHead, body: Uint8Array): GatewayError {
  let plain: Uint8Array;
  try {
    plain = decodeBuffered(body, head.headers.get("content-encoding"));
  } catch {
    return unknownError(head.status, noBytes); // its status is all we can read of it
  }
  return openaiError(head.status, plain).error;
}

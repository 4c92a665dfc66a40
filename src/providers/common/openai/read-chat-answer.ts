import type { AttemptInput } from "../../../core/translator.ts";
import { GatewayError } from "../../../lib/errors.ts";
import type { AnswerSink } from "../answer-sink.ts";
import { withServiceTier } from "../merge-usage.ts";
import type { MessagesWriter } from "../messages/messages-writer.ts";
import { openaiErrorIn } from "../openai-errors.ts";
import { readServiceTier } from "../service-tier.ts";
import { parseUpstreamJson } from "../upstream-json.ts";
import { ChoiceReader } from "./choice-reader.ts";
import { chatUsage } from "./usage.ts";

/**
 * Reads a complete chat answer into the sink's writer. Only its first choice: messages have one.
 * @throws GatewayError `bad_upstream_json`, `upstream_empty_response`, `upstream_truncated`, or the error that the provider told
 */
export function readChatAnswer(body: Uint8Array, sink: AnswerSink<MessagesWriter>, input: AttemptInput): void {
  const answer = parseUpstreamJson(body);
  const note = (name: string): void => sink.note(name);
  const tier = readServiceTier(answer.member("service_tier").value, note);
  sink.usage = withServiceTier(chatUsage(answer.member("usage").value, note), tier);
  sink.model = answer.member("model").string || undefined;
  const choice = answer.member("choices").elements?.[0];
  if (choice === undefined || !choice.member("message").isObject) {
    throw (
      openaiErrorIn(answer.value) ?? new GatewayError("upstream_empty_response", "the provider's answer has no choices")
    );
  }
  const finishReason = choice.member("finish_reason").string || undefined;
  if (finishReason === undefined) {
    throw new GatewayError("upstream_truncated", "the provider's answer ended without a finish reason");
  }
  const { writer } = sink;
  writer.start(
    { id: answer.member("id").string || input.newId("msg_tg_"), model: sink.model ?? input.model },
    sink.usage,
  );
  const reader = new ChoiceReader(sink, input);
  reader.read(choice.member("message"));
  reader.finish(choice, finishReason);
  writer.done(sink.usage);
}

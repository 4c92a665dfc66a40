import type { AnswerSink } from "../common/answer-sink.ts";
import type { FinishReason } from "../common/chat-writer.ts";

const finishReasons: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  pause_turn: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
};

/** Anthropic's `stop_reason` as chat says it (translation.md §5.2). Unknown values count as `stop` and are noted (R129). */
export function mapStopReason(stopReason: string, sink: AnswerSink): FinishReason {
  const reason = Object.hasOwn(finishReasons, stopReason) ? finishReasons[stopReason] : undefined;
  if (reason === undefined) sink.note("unknown_stop_reason");
  return reason ?? "stop";
}

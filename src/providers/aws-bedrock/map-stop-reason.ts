import { GatewayError } from "../../lib/errors.ts";
import type { AnswerSink } from "../common/answer-sink.ts";
import type { FinishReason } from "../common/chat-writer.ts";

const finishReasons: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  guardrail_intervened: "content_filter",
  content_filtered: "content_filter",
};
const malformed = new Set(["malformed_tool_use", "malformed_model_output"]);

/**
 * Converse's `stopReason` as chat says it (translation.md §5.2); an error when the model's output is no answer (R131).
 * Unknown values count as `stop` and are noted (R129).
 */
export function mapStopReason(stopReason: string, sink: AnswerSink): FinishReason | GatewayError {
  if (malformed.has(stopReason)) {
    return new GatewayError("malformed_model_output", `the model's output could not be read: ${stopReason}`);
  }
  const reason = Object.hasOwn(finishReasons, stopReason) ? finishReasons[stopReason] : undefined;
  if (reason === undefined) sink.note("unknown_stop_reason");
  return reason ?? "stop";
}

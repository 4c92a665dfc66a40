import type { AttemptInput } from "../../core/translator.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { AnswerSink } from "../common/answer-sink.ts";
import type { JsonView } from "../common/json-view.ts";
import { parseUpstreamJson } from "../common/upstream-json.ts";
import { readErrorIn } from "./errors.ts";
import { mapStopReason } from "./map-stop-reason.ts";
import { AnthropicUsage } from "./usage.ts";

/**
 * Reads a complete Messages answer into the sink's writer.
 * @throws GatewayError `bad_upstream_json`, `upstream_empty_response`, `upstream_truncated`, or the error that the provider told
 */
export function readAnswer(body: Uint8Array, sink: AnswerSink, input: Pick<AttemptInput, "model" | "newId">): void {
  const message = parseUpstreamJson(body);
  const error = readErrorIn(message);
  if (error !== undefined) throw error;
  new AnthropicUsage().report(message.member("usage"), sink);
  sink.model = message.member("model").string;
  const content = message.member("content").elements;
  if (content === undefined) {
    throw new GatewayError("upstream_empty_response", "the provider's answer has no content");
  }
  const stopReason = message.member("stop_reason").string;
  if (stopReason === undefined) {
    throw new GatewayError("upstream_truncated", "the provider's answer ended without a stop reason");
  }
  const { writer } = sink;
  writer.start({ id: message.member("id").string ?? input.newId("chatcmpl_tg_"), model: sink.model ?? input.model });
  let toolCalls = 0;
  for (const block of content) {
    if (block.member("type").string === "tool_use") readToolUse(block, toolCalls++, sink, input);
    else readBlock(block, sink);
  }
  const explanation = message.member("stop_details").member("explanation").string;
  if (stopReason === "refusal" && explanation !== undefined) writer.refusal(explanation);
  writer.finish(mapStopReason(stopReason, sink));
  if (sink.usage !== undefined) writer.usage(sink.usage);
  writer.done();
}

function readBlock(block: JsonView, { writer }: AnswerSink): void {
  switch (block.member("type").string) {
    case "text":
      writer.text(block.member("text").string ?? "");
      return;
    case "thinking": {
      const thinking = block.member("thinking").string ?? "";
      writer.reasoning(thinking);
      writer.thinkingBlock({ type: "thinking", thinking, signature: block.member("signature").string ?? "" });
      return;
    }
    case "redacted_thinking":
      writer.thinkingBlock({ type: "redacted_thinking", data: block.member("data").string ?? "" });
      return;
    default:
      return; // server-side tools and what is not known yet: never the client's (R120)
  }
}

function readToolUse(block: JsonView, index: number, { writer }: AnswerSink, input: Pick<AttemptInput, "newId">): void {
  writer.toolStart(index, block.member("id").string ?? input.newId("call_tg_"), block.member("name").string ?? "");
  const toolInput = block.member("input");
  writer.toolArguments(index, toolInput.told ? toolInput.raw.text : "{}");
}

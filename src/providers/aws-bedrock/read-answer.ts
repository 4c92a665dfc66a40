import type { AttemptInput, ResponseHead } from "../../core/translator.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { AnswerSink } from "../common/answer-sink.ts";
import type { JsonView } from "../common/json-view.ts";
import { parseUpstreamJson } from "../common/upstream-json.ts";
import { answerHead } from "./answer-head.ts";
import { readErrorIn } from "./errors.ts";
import { mapStopReason } from "./map-stop-reason.ts";
import { ConverseUsage } from "./usage.ts";

type AnswerInput = Pick<AttemptInput, "model" | "newId">;

/**
 * Reads a complete Converse answer into the sink's writer.
 * @throws GatewayError `bad_upstream_json`, `upstream_empty_response`, `upstream_truncated`, `malformed_model_output`, or the
 *   error that the provider told
 */
export function readAnswer(body: Uint8Array, head: ResponseHead, sink: AnswerSink, input: AnswerInput): void {
  const answer = parseUpstreamJson(body);
  const error = readErrorIn(answer.value);
  if (error !== undefined) throw error;
  new ConverseUsage().report(answer, sink);
  const content = answer.member("output").member("message").member("content").elements;
  if (content === undefined) {
    throw new GatewayError("upstream_empty_response", "the provider's answer has no output");
  }
  const stopReason = answer.member("stopReason").string;
  if (stopReason === undefined) {
    throw new GatewayError("upstream_truncated", "the provider's answer ended without a stop reason");
  }
  const finishReason = mapStopReason(stopReason, sink);
  if (finishReason instanceof GatewayError) throw finishReason;
  const { writer } = sink;
  writer.start({ ...answerHead(head, input), serviceTier: answer.member("serviceTier").member("type").string });
  let toolCalls = 0;
  for (const block of content) {
    if (isClientTool(block)) readToolUse(block.member("toolUse"), toolCalls++, sink, input);
    else readBlock(block, sink);
  }
  writer.finish(finishReason);
  if (sink.usage !== undefined) writer.usage(sink.usage);
  writer.done();
}

/** Tools that the provider runs itself are never the client's (R120). */
function isClientTool(block: JsonView): boolean {
  const toolUse = block.member("toolUse");
  return toolUse.isObject && toolUse.member("type").value !== "server_tool_use";
}

/** Kinds that are not known yet are nothing the chat dialect can show. */
function readBlock(block: JsonView, { writer }: AnswerSink): void {
  writer.text(block.member("text").string ?? "");
  for (const cited of block.member("citationsContent").member("content").elements ?? []) {
    writer.text(cited.member("text").string ?? "");
  }
  const reasoning = block.member("reasoningContent");
  const reasoningText = reasoning.member("reasoningText");
  if (reasoningText.isObject) {
    const thinking = reasoningText.member("text").string ?? "";
    writer.reasoning(thinking);
    writer.thinkingBlock({ type: "thinking", thinking, signature: reasoningText.member("signature").string ?? "" });
  }
  const redacted = reasoning.member("redactedContent").string;
  if (redacted !== undefined) writer.thinkingBlock({ type: "redacted_thinking", data: redacted });
}

function readToolUse(toolUse: JsonView, index: number, { writer }: AnswerSink, input: AnswerInput): void {
  const id = toolUse.member("toolUseId").string ?? input.newId("call_tg_");
  writer.toolStart(index, id, toolUse.member("name").string ?? "");
  const toolInput = toolUse.member("input");
  writer.toolArguments(index, toolInput.told ? toolInput.raw.text : "{}");
}

import type { Translated } from "../../core/translator.ts";
import type { TokenUsage } from "../../core/usage.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { UsageSink } from "../common/answer-sink.ts";
import type { JsonView } from "../common/json-view.ts";
import { parseUpstreamJson } from "../common/upstream-json.ts";
import { readErrorIn } from "./errors.ts";
import { AnthropicUsage } from "./usage.ts";

/** What a complete Messages answer tells. @throws GatewayError `bad_upstream_json` */
export function readMessagesJson(json: Uint8Array): Omit<Translated, "body"> {
  const message = parseUpstreamJson(json);
  const notes: string[] = [];
  const sink: UsageSink = { usage: undefined as TokenUsage | undefined, note: (name) => void notes.push(name) };
  new AnthropicUsage().report(message.member("usage"), sink);
  const told = { usage: sink.usage, model: message.member("model").string, notes };
  const content = message.member("content").elements;
  if (content !== undefined)
    return { ...told, outputBytes: content.reduce((sum, block) => sum + blockBytes(block), 0) };
  const failure = readErrorIn(message) ?? new GatewayError("bad_upstream_json", "the provider's answer has no content");
  return { ...told, failure };
}

/** UTF-8 bytes of model output in a block: text, thinking, a call's input. */
function blockBytes(block: JsonView): number {
  const text = block.member("text").string ?? block.member("thinking").string;
  if (text !== undefined) return Buffer.byteLength(text);
  const input = block.member("input");
  return input.told ? Buffer.byteLength(JSON.stringify(input.value)) : 0;
}

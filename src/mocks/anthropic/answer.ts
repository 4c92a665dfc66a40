import type { MockAnswer, MockCall, MockUsage } from "../provider.ts";

/** The counters of this API: input without what was read from or written to the cache. */
export function renderInput({ input, cached = 0, cacheWrite = 0 }: MockUsage): object {
  return {
    input_tokens: input < 0 ? input : Math.max(0, input - cached - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cached,
  };
}

export function renderOutput({ output, reasoning }: MockUsage): object {
  return {
    output_tokens: output,
    ...(reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoning } }),
  };
}

/** Inside the usage, in the answer or at the stream's beginning. */
export function renderTier({ serviceTier }: MockAnswer): object {
  return serviceTier === undefined ? {} : { service_tier: serviceTier };
}

export function renderAnswer(call: MockCall, answer: MockAnswer): object {
  const content: object[] = [];
  if (answer.thinking !== undefined)
    content.push({ type: "thinking", thinking: answer.thinking, signature: "bW9jay1zaWduYXR1cmU=" });
  if (answer.tool === undefined) content.push({ type: "text", text: answer.text });
  else
    content.push({
      type: "tool_use",
      id: `toolu_${answer.id}`,
      name: answer.tool.name,
      input: JSON.parse(answer.tool.arguments) as unknown,
    });
  return {
    id: `msg_${answer.id}`,
    type: "message",
    role: "assistant",
    model: call.model,
    content,
    stop_reason: answer.tool === undefined ? "end_turn" : "tool_use",
    stop_sequence: null,
    ...(answer.usage === undefined
      ? {}
      : { usage: { ...renderInput(answer.usage), ...renderOutput(answer.usage), ...renderTier(answer) } }),
  };
}

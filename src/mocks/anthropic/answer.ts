import type { MockAnswer, MockCall, MockUsage } from "../provider.ts";

/** The counters of this API: input without what was cached or written to the cache. */
export function renderUsage(usage: MockUsage, output: number): object {
  const cached = usage.cached ?? 0;
  const written = usage.cacheWrite ?? 0;
  return {
    input_tokens: usage.input - cached - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    output_tokens: output,
  };
}

export function renderAnswer(call: MockCall, answer: MockAnswer): object {
  const content: object[] = [];
  if (answer.thinking !== undefined) content.push({ type: "thinking", thinking: answer.thinking, signature: "bW9jay1zaWduYXR1cmU=" });
  if (answer.tool === undefined) content.push({ type: "text", text: answer.text });
  else content.push({ type: "tool_use", id: `toolu_${answer.id}`, name: answer.tool.name, input: JSON.parse(answer.tool.arguments) as unknown });
  return {
    id: `msg_${answer.id}`,
    type: "message",
    role: "assistant",
    model: call.model,
    content,
    stop_reason: answer.tool === undefined ? "end_turn" : "tool_use",
    stop_sequence: null,
    ...(answer.usage === undefined ? {} : { usage: renderUsage(answer.usage, answer.usage.output) }),
  };
}

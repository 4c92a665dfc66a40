import type { MockAnswer, MockCall, MockUsage } from "../provider.ts";

/** The counters of this API: input without what was read from or written to the cache. */
export function renderUsage(usage: MockUsage): object {
  const { input, cached = 0, cacheWrite = 0 } = usage;
  return {
    inputTokens: input < 0 ? input : Math.max(0, input - cached - cacheWrite),
    outputTokens: usage.output,
    totalTokens: input + usage.output,
    ...(usage.cached === undefined ? {} : { cacheReadInputTokens: cached }),
    ...(usage.cacheWrite === undefined ? {} : { cacheWriteInputTokens: cacheWrite }),
  };
}

/** Beside the usage, in the answer or in the stream's metadata. */
export function renderTier({ serviceTier }: MockAnswer): object {
  return serviceTier === undefined ? {} : { serviceTier: { type: serviceTier } };
}

export function renderAnswer(_call: MockCall, answer: MockAnswer): object {
  const content: object[] = [];
  if (answer.thinking !== undefined)
    content.push({ reasoningContent: { reasoningText: { text: answer.thinking, signature: "bW9jay1zaWduYXR1cmU=" } } });
  if (answer.tool === undefined) content.push({ text: answer.text });
  else
    content.push({
      toolUse: {
        toolUseId: `tooluse_${answer.id}`,
        name: answer.tool.name,
        input: JSON.parse(answer.tool.arguments) as unknown,
      },
    });
  return {
    output: { message: { role: "assistant", content } },
    stopReason: answer.tool === undefined ? "end_turn" : "tool_use",
    ...(answer.usage === undefined ? {} : { usage: renderUsage(answer.usage) }),
    metrics: { latencyMs: 12 },
    ...renderTier(answer),
  };
}

import type { MockAnswer, MockCall, MockUsage } from "../provider.ts";

export const createdSeconds = 1_760_000_000;

export function renderUsage(usage: MockUsage): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cached ?? 0,
      ...(usage.cacheWrite === undefined ? {} : { cache_write_tokens: usage.cacheWrite }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
  };
}

export function renderAnswer(call: MockCall, answer: MockAnswer): object {
  const { tool } = answer;
  const calls =
    tool === undefined
      ? undefined
      : [{ id: `call_${answer.id}`, type: "function", function: { name: tool.name, arguments: tool.arguments } }];
  return {
    id: `chatcmpl-${answer.id}`,
    object: "chat.completion",
    created: createdSeconds,
    model: call.model,
    ...(answer.serviceTier === undefined ? {} : { service_tier: answer.serviceTier }),
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: tool === undefined ? answer.text : null,
          refusal: null,
          ...(calls === undefined ? {} : { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: tool === undefined ? "stop" : "tool_calls",
      },
    ],
    ...(answer.usage === undefined ? {} : { usage: renderUsage(answer.usage) }),
  };
}

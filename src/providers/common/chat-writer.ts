import type { TokenUsage } from "../../core/usage.ts";
import type { JsonOut } from "../../lib/raw-json.ts";
import type { AnswerWriter } from "./answer-writer.ts";

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

export interface ChatHead {
  readonly id: string;
  readonly model: string;
  readonly serviceTier?: string | undefined;
}

/**
 * The operations that a provider's answer is made of, for chat clients (translation.md §4.1). Provider events drive them;
 * `ChatStreamWriter` writes a stream of chunks, `ChatAnswerWriter` folds the same operations into one answer.
 * Order: `start (text | reasoning | refusal | tool*)* thinkingBlock* finish usage? done`, or any prefix.
 * Every translated provider answers with one choice.
 */
export interface ChatWriter extends AnswerWriter {
  /** Only the first call has an effect. */
  start(head: ChatHead): void;
  text(text: string): void;
  reasoning(text: string): void;
  /** A complete `thinking` or `redacted_thinking` block. */
  thinkingBlock(block: JsonOut): void;
  /** `index` counts tool calls from 0 (R119). */
  toolStart(index: number, id: string, name: string): void;
  toolArguments(index: number, text: string): void;
  refusal(text: string): void;
  finish(reason: FinishReason): void;
  usage(usage: TokenUsage): void;
  done(): void;
  keepAlive(): void;
}

/** Usage as the openai dialect shows it (§5.1); undefined when nothing was told. */
export function renderChatUsage(usage: TokenUsage): JsonOut {
  if (usage.input === undefined && usage.output === undefined && usage.total === undefined) return undefined;
  const input = usage.input ?? (usage.cachedInput ?? 0) + (usage.cacheWrite ?? 0);
  const output = usage.output ?? 0;
  const cacheTold = usage.cachedInput !== undefined || usage.cacheWrite !== undefined;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: cacheTold
      ? { cached_tokens: usage.cachedInput, cache_write_tokens: usage.cacheWrite }
      : undefined,
    completion_tokens_details: usage.reasoning === undefined ? undefined : { reasoning_tokens: usage.reasoning },
  };
}
